package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.TimelineHistory;
import io.github.pgbaton.topology.TimelineHistory.Switch;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a transaction id tells of a COMMIT, and when it tells nothing. */
@Timeout(60)
class XidResolverTest extends OutcomeOnScripts {
    private static final Duration SHORT = Duration.ofSeconds(1);
    private static final String SYSTEM = "7000000000000000001";

    /** What PostgreSQL says of the transaction, null: too old. */
    private volatile @Nullable String word = "committed";

    private volatile int witnessPid = 41;

    @Override
    ScriptedPostgres node1() throws IOException {
        return new ScriptedPostgres().xids().answers(sql -> rowOf(sql, 1));
    }

    @Override
    ScriptedPostgres node2() throws IOException {
        return new ScriptedPostgres().xids().timeline(3).answers(sql -> rowOf(sql, 3));
    }

    private String @Nullable [] rowOf(String sql, int timeline) {
        if (sql.contains("pg_backend_pid()") && sql.contains("pg_control_system")) {
            return new String[] {String.valueOf(witnessPid), "1000", "f", "off", String.valueOf(timeline), SYSTEM, word
            };
        }
        return sql.contains("pg_logical_emit_message") ? new String[] {"0/0", ""} : null;
    }

    private void failOver(Switch... switches) {
        source.history(new TimelineHistory(List.of(switches)));
        source.elect("node2");
    }

    /** Timeline 1 up to 1000, and from there one hop to timeline 3, which node2 began. */
    private void failOver() {
        failOver(new Switch(1, 1000, "node3"), new Switch(2, 1500, "node2"));
    }

    private static Xid xid(long lsn, int timeline, @Nullable Witness witness) {
        return new Xid("700", lsn, timeline, "node1", witness);
    }

    private Resolution resolve(Xid xid, Duration limit) {
        Doubt doubt = new Doubt(
                null,
                false,
                System.nanoTime(),
                Instant.now(),
                new HostPort("127.0.0.1", 1),
                1,
                1,
                xid.timeline(),
                SYSTEM,
                null,
                xid,
                0);
        return resolve(doubt, limit);
    }

    private static void assertUnknown(Resolution found, String reason) {
        assertThat(found)
                .isInstanceOfSatisfying(
                        Resolution.Unknown.class,
                        unknown -> assertThat(unknown.reason()).contains(reason));
    }

    private static boolean asked(ScriptedPostgres member) {
        return member.allStatements().stream().anyMatch(sql -> sql.contains("pg_xact_status('700'"));
    }

    private static void assertBehindABarrier(ScriptedPostgres member) {
        assertThat(member.statements()).last().asString().contains("pg_logical_emit_message(true, 'pgbaton', '')");
    }

    @ParameterizedTest
    @ValueSource(longs = {1000, 1001, 1400, 9000})
    void whatLiesPastTheSwitchPointIsNotCommittedWhateverTheStatusOfItsIdSays(long lsn) {
        failOver();

        assertThat(resolve(xid(lsn, 1, null), PATIENCE)).isInstanceOf(Resolution.Aborted.class);

        // An id that never reached the standby was given to a stranger.
        assertThat(asked(second)).isFalse();
        assertBehindABarrier(second);
    }

    @Test
    void whereTheOldPrimaryMayHaveCrashedInPlaceBeforeACommittedIdMayBeAStrangers() {
        failOver();

        assertUnknown(resolve(xid(999, 1, null), PATIENCE), "may have crashed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"aborted", "in progress"})
    void whatLiesBeforeItAndIsNotCommittedNeverWillBe(String status) {
        word = status;
        failOver();

        assertThat(resolve(xid(999, 1, null), PATIENCE)).isInstanceOf(Resolution.Aborted.class);
        assertBehindABarrier(second);
    }

    @Test
    void anIdThatWasNeverGivenThereWasNotCommitted() {
        second.script(sql -> sql.contains("pg_xact_status('700'") ? Reaction.FAIL_FUTURE : Reaction.SUCCEED);
        failOver();

        assertThat(resolve(xid(999, 1, null), PATIENCE)).isInstanceOf(Resolution.Aborted.class);
    }

    @Test
    void anIdThatIsForgottenTellsNothing() {
        word = null;
        failOver();

        assertUnknown(resolve(xid(999, 1, null), PATIENCE), "does not remember");
    }

    @ParameterizedTest
    @CsvSource({"700, true", "799, true", "800, false", "999, false"})
    void ofSeveralHopsTheLeastSwitchPointCounts(long lsn, boolean committed) {
        failOver(new Switch(1, 1000, "node3"), new Switch(2, 800, "node2"));

        assertThat(resolve(xid(lsn, 1, null), PATIENCE))
                .isInstanceOf(committed ? Resolution.Unknown.class : Resolution.Aborted.class);
    }

    @Test
    void aHistoryThatWasCutOffTellsNothing() {
        failOver(new Switch(2, 1500, "node2"));

        assertUnknown(resolve(xid(9000, 1, null), PATIENCE), "does not tell where timeline 1 ended");
    }

    @Test
    void aHistoryThatIsNotWrittenYetIsWaitedFor() throws Exception {
        failOver(new Switch(1, 1000, "node3"));
        CompletableFuture<Resolution> found =
                CompletableFuture.supplyAsync(() -> resolve(xid(1000, 1, null), PATIENCE));
        await().atMost(PATIENCE).until(() -> second.accepted() > 0);
        assertThat(found).isNotDone();
        failOver();

        assertThat(found.get(20, TimeUnit.SECONDS)).isInstanceOf(Resolution.Aborted.class);
    }

    @Test
    void aHistoryThatIsNeverWrittenTellsNothing() {
        failOver(new Switch(1, 1000, "node3"));

        assertUnknown(resolve(xid(9000, 1, null), SHORT), "does not tell yet how timeline 3 began");
    }

    @Test
    void aTimelineOfTheSameNumberThatAnotherMemberBeganTellsNothing() {
        // node1 began timeline 2, and died before anybody heard of it; node3 began another one.
        failOver(new Switch(1, 1000, "node3"), new Switch(2, 1500, "node2"));

        assertUnknown(resolve(xid(1200, 2, null), PATIENCE), "another timeline 2");
        assertThat(asked(second)).isFalse();
    }

    @Test
    void aHistoryThatDoesNotSayWhoseItIsTellsNothing() {
        failOver(new Switch(1, 1000, "node3"), new Switch(2, 1500, null));

        assertUnknown(resolve(xid(999, 1, null), PATIENCE), "does not say whose it was");
    }

    @Test
    void aMemberOnALowerTimelineIsNotAsked() {
        assertUnknown(resolve(xid(999, 2, null), SHORT), "writes timeline 1");
        assertThat(asked(first)).isFalse();
    }

    @Test
    void aMemberOfAnotherClusterIsNotAsked() {
        second.system("7000000000000000002");
        failOver();

        assertThat(resolve(xid(999, 1, null), SHORT)).isInstanceOf(Resolution.Unknown.class);
        assertThat(asked(second)).isFalse();
    }

    @Test
    void aSwitchInTheMiddleBeginsAgainOnTheNextPrimary() throws Exception {
        Witness witness = witness();
        first.script(sql -> sql.contains("pg_xact_status('700'") ? Reaction.HANG : Reaction.SUCCEED);
        CompletableFuture<Resolution> found =
                CompletableFuture.supplyAsync(() -> resolve(xid(1000, 1, witness), PATIENCE));
        await().atMost(PATIENCE).until(() -> asked(first));
        failOver();

        assertThat(found.get(20, TimeUnit.SECONDS)).isInstanceOf(Resolution.Aborted.class);
        assertThat(asked(second)).isFalse();
    }

    private Witness witness() throws SQLException {
        return Witness.on(cluster.open(Deadline.in(PATIENCE)), Deadline.in(PATIENCE));
    }

    @Test
    void onTheSameTimelineALivingWitnessTells() throws SQLException {
        Witness witness = witness();

        assertThat(resolve(xid(999, 1, witness), PATIENCE)).isInstanceOf(Resolution.Committed.class);
        assertBehindABarrier(first);
        word = "aborted";
        assertThat(resolve(xid(999, 1, witness), PATIENCE)).isInstanceOf(Resolution.Aborted.class);
        assertThat(witness.mayLive()).isTrue();
    }

    @Test
    void aTransactionInProgressIsWaitedFor() throws Exception {
        word = "in progress";
        Witness witness = witness();
        CompletableFuture<Resolution> found =
                CompletableFuture.supplyAsync(() -> resolve(xid(999, 1, witness), PATIENCE));
        await().atMost(PATIENCE).until(() -> asked(first));
        assertThat(found).isNotDone();
        assertThat(first.statements()).anyMatch(sql -> sql.startsWith("SELECT pg_catalog.pg_terminate_backend"));
        word = "aborted";

        assertThat(found.get(20, TimeUnit.SECONDS)).isInstanceOf(Resolution.Aborted.class);
    }

    @Test
    void aWitnessBehindAPoolerThatHasAnotherBackendByNowProvesNothing() throws SQLException {
        Witness witness = witness();
        witnessPid = 42;

        assertUnknown(resolve(xid(999, 1, witness), PATIENCE), "may have been given again");
    }

    @Test
    void withoutAWitnessNothingIsAskedOnTheSameTimeline() throws SQLException {
        assertUnknown(resolve(xid(999, 1, null), PATIENCE), "may have been given again");
        Witness witness = witness();
        first.dropSessions();
        assertUnknown(resolve(xid(999, 1, witness), PATIENCE), "may have been given again");
    }

    @Test
    void aWitnessOnAMemberThatLeadsNoLongerIsNotBelieved() throws SQLException {
        Witness witness = witness();
        failOver();

        assertThat(resolve(xid(1000, 1, witness), PATIENCE)).isInstanceOf(Resolution.Aborted.class);
        assertThat(asked(second)).isFalse();
    }
}
