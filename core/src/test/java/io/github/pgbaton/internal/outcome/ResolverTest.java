package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import io.github.pgbaton.topology.HostPort;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** On which member a COMMIT in doubt is looked up, and what happens when that changes in the middle. */
@Timeout(60)
class ResolverTest extends OutcomeOnScripts {
    private static final Duration SHORT = Duration.ofSeconds(3);
    private static final String TOMBSTONE = "INSERT INTO pgbaton.tx(token, kind)";

    @Override
    ScriptedPostgres node1() throws IOException {
        return new ScriptedPostgres().ledger().answers(ResolverTest::rowOf);
    }

    @Override
    ScriptedPostgres node2() throws IOException {
        return new ScriptedPostgres().ledger().timeline(2).answers(ResolverTest::rowOf);
    }

    /** The original is there, on every member, unless a test says otherwise. */
    private static String @Nullable [] rowOf(String sql) {
        if (sql.contains("pg_logical_emit_message(")) {
            return new String[] {"0/0", ""};
        }
        if (sql.startsWith("SELECT kind")) {
            return new String[] {"c"};
        }
        return null;
    }

    private static Doubt doubt() {
        return doubt(null);
    }

    private static Doubt doubt(@Nullable String system) {
        return new Doubt(
                UUID.randomUUID(),
                false,
                System.nanoTime(),
                Instant.now(),
                new HostPort("127.0.0.1", 1),
                1,
                1,
                1,
                system,
                LedgerSql.DEFAULT_RETENTION);
    }

    private Resolution resolve(Duration limit) {
        return resolve(doubt(), limit);
    }

    private CompletableFuture<Resolution> inBackground() {
        return CompletableFuture.supplyAsync(() -> resolve(PATIENCE));
    }

    private static boolean entombed(ScriptedPostgres member) {
        return member.statements().stream().anyMatch(sql -> sql.contains(TOMBSTONE));
    }

    @Test
    void aFoundOriginalIsAcknowledgedBehindABarrier() {
        first.script(sql -> sql.contains(TOMBSTONE) ? Reaction.FAIL : Reaction.SUCCEED);

        assertThat(resolve(PATIENCE)).isInstanceOf(Resolution.Committed.class);

        assertThat(first.statements()).last().asString().contains("pg_logical_emit_message(true, 'pgbaton', '')");
    }

    @Test
    void nothingIsAskedOfALeaderInRecovery() {
        first.inRecovery(true);

        assertThat(resolve(SHORT)).isInstanceOf(Resolution.Unknown.class);
        assertThat(entombed(first)).isFalse();
    }

    @Test
    void reasonIsWhatWasWaitedForAndNotThatTheTimePassedInTheNextQuestion() {
        AtomicInteger asked = new AtomicInteger();
        first.script(sql -> sql.contains("pg_stat_get_activity(pg_backend_pid())") && asked.incrementAndGet() > 1
                ? Reaction.HANG
                : Reaction.SUCCEED);

        assertThat(resolve(doubt("7000000000000000009"), SHORT))
                .isInstanceOfSatisfying(
                        Resolution.Unknown.class,
                        unknown -> assertThat(unknown.reason())
                                .contains("belongs to another cluster")
                                .doesNotContain("I/O error"));
        assertThat(asked.get()).isEqualTo(2);
    }

    @Test
    void nothingIsAskedOfAPrimaryOfThePast() throws Exception {
        source.elect("node2");
        cluster.discard(cluster.open(Deadline.in(PATIENCE)));
        source.elect("node1");

        assertThat(resolve(SHORT))
                .isInstanceOfSatisfying(
                        Resolution.Unknown.class,
                        unknown -> assertThat(unknown.reason()).contains("timeline 1"));
        assertThat(entombed(first)).isFalse();
    }

    @Test
    void nothingIsAskedOfAMemberThatLostTheLockWhileTheSessionWasOpened() {
        first.script(sql -> {
            if (sql.contains("pg_stat_get_activity(pg_backend_pid())")) {
                source.elect("node2");
            }
            return Reaction.SUCCEED;
        });

        assertThat(resolve(PATIENCE)).isInstanceOf(Resolution.Aborted.class);

        assertThat(entombed(first)).isFalse();
        assertThat(entombed(second)).isTrue();
    }

    @Test
    void nothingIsAskedOfAMemberOfAnotherCluster() {
        source.system("7000000000000000002");
        source.elect("node1");

        assertThat(resolve(SHORT)).isInstanceOf(Resolution.Unknown.class);
        assertThat(entombed(first)).isFalse();
    }

    @Test
    void nothingIsAskedOfAMemberWhoseLockIsGone() {
        source.loseLeader();

        assertThat(resolve(SHORT))
                .isInstanceOfSatisfying(
                        Resolution.Unknown.class,
                        unknown -> assertThat(unknown.reason()).contains("nobody holds the lock"));
        assertThat(entombed(first)).isFalse();
    }

    @Test
    void aFailoverWhileTheTombstoneIsUnderWayBeginsAgainOnTheNextPrimary() throws Exception {
        first.script(sql -> sql.contains(TOMBSTONE) ? Reaction.HANG : Reaction.SUCCEED);
        CompletableFuture<Resolution> found = inBackground();
        await().atMost(PATIENCE).until(() -> entombed(first));
        source.elect("node2");

        assertThat(found.get(20, TimeUnit.SECONDS)).isInstanceOf(Resolution.Aborted.class);
        assertThat(entombed(second)).isTrue();
    }

    @Test
    void anOriginalThatTheNextPrimaryDoesNotHaveIsNotAcknowledged() throws Exception {
        first.script(sql -> sql.contains(TOMBSTONE)
                ? Reaction.FAIL
                : sql.contains("pg_logical_emit_message(") ? Reaction.HANG : Reaction.SUCCEED);
        CompletableFuture<Resolution> found = inBackground();
        await().atMost(PATIENCE)
                .until(() -> first.statements().stream().anyMatch(sql -> sql.contains("pg_logical_emit_message(")));
        source.elect("node2");

        assertThat(found.get(20, TimeUnit.SECONDS)).isInstanceOf(Resolution.Aborted.class);
        assertThat(entombed(second)).isTrue();
    }

    @Test
    void aMemberThatShutsDownUnderTheTombstoneIsNotBelieved() throws Exception {
        first.script(sql -> sql.contains(TOMBSTONE) ? Reaction.SHUT_DOWN : Reaction.SUCCEED);
        CompletableFuture<Resolution> found = inBackground();
        await().atMost(PATIENCE).until(() -> entombed(first));
        source.elect("node2");

        assertThat(found.get(20, TimeUnit.SECONDS)).isInstanceOf(Resolution.Aborted.class);
        assertThat(entombed(second)).isTrue();
    }

    @Test
    void aCommitWithoutATokenIsUnknownAtOnce() {
        Doubt doubt = doubt();
        Doubt bare = new Doubt(null, false, doubt.sentNanos(), doubt.sentAt(), doubt.member(), 1, 1, 1, null, null);

        assertThat(Resolver.resolve(cluster, bare, Deadline.in(PATIENCE), () -> false))
                .isInstanceOf(Resolution.Unknown.class);
        assertThat(first.accepted()).isZero();
    }
}
