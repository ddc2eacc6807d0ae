package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.event.FailoverEvent.CommitsAudited;
import io.github.pgbaton.event.FailoverEvent.LostCommit;
import io.github.pgbaton.event.FailoverListener;
import io.github.pgbaton.event.FailoverListeners;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import io.github.pgbaton.topology.TimelineHistory;
import io.github.pgbaton.topology.TimelineHistory.Switch;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** What is told after a failover of commits that were acknowledged before it. */
@Timeout(60)
class CommitAuditTest extends OutcomeOnScripts {
    private static final UUID KEPT = UUID.randomUUID();

    private final List<CommitsAudited> audits = new CopyOnWriteArrayList<>();
    private final FailoverListener listener = this::heard;
    private final Logger log = (Logger) LoggerFactory.getLogger(CommitAudit.class);
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

    @Override
    ScriptedPostgres node1() throws IOException {
        return new ScriptedPostgres().xids();
    }

    @Override
    ScriptedPostgres node2() throws IOException {
        return new ScriptedPostgres().ledger().xids().timeline(2).answers(CommitAuditTest::rowOf);
    }

    @BeforeEach
    void listen() throws Exception {
        FailoverListeners.add(listener);
        lines.start();
        log.addAppender(lines);
        cluster.discard(cluster.open(Deadline.in(PATIENCE)));
    }

    @AfterEach
    void stopListening() {
        FailoverListeners.remove(listener);
        log.detachAppender(lines);
    }

    private void heard(FailoverEvent event) {
        if (event instanceof CommitsAudited audit && audit.cluster().equals(cluster.name())) {
            audits.add(audit);
        }
    }

    /** Of this cluster; what an audit says in the log it says before its event. */
    private List<String> lines() {
        return lines.list.stream()
                .filter(line -> line.getFormattedMessage().startsWith(cluster.name() + ":"))
                .map(line -> line.getLevel() + " " + line.getFormattedMessage())
                .toList();
    }

    private static String @Nullable [] rowOf(String sql) {
        if (sql.startsWith("SELECT token FROM pgbaton.tx")) {
            return new String[] {KEPT.toString()};
        }
        if (sql.contains("pg_xact_status('")) {
            return new String[] {
                "1", "1000", "f", "off", "2", "7000000000000000001", sql.contains("'701'") ? "committed" : "aborted"
            };
        }
        return null;
    }

    private static Xid xid(String number, long lsn) {
        return new Xid(number, lsn, 1, "node1", null);
    }

    private void failOver() throws Exception {
        source.history(new TimelineHistory(List.of(new Switch(1, 1000, "node2"))));
        source.elect("node2");
        cluster.discard(cluster.open(Deadline.in(PATIENCE)));
    }

    private CommitsAudited audit() {
        await().atMost(PATIENCE).until(() -> !audits.isEmpty());
        return audits.get(0);
    }

    @Test
    void aTokenIsThereOrNot() throws Exception {
        UUID lost = UUID.randomUUID();
        CommitAudit audit = CommitAudit.of(cluster);
        audit.acknowledged(0, KEPT, 7, 1, null);
        Instant earliest = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        audit.acknowledged(1, lost, 7, 1, null);
        Instant latest = Instant.now();
        failOver();

        assertThat(audit().lost()).singleElement().satisfies(commit -> {
            assertThat(commit.token()).isEqualTo(lost);
            assertThat(commit.xid()).isNull();
            assertThat(commit.acknowledged()).isBetween(earliest, latest);
        });
        assertThat(audit().present()).isEqualTo(1);
        assertThat(audit().unknown()).isZero();
        assertThat(audit().timeline()).isEqualTo(2);
        assertThat(lines())
                .containsExactly(
                        "WARN " + cluster.name() + ": 1 commits that were acknowledged are lost: timeline 2 began"
                                + " before them; 1 are there, 0 could not be looked up. Of the lost: "
                                + audit().lost());
    }

    @Test
    void theLogNamesTenOfTheLostAndSaysThatThereAreMore() throws Exception {
        CommitAudit audit = CommitAudit.of(cluster);
        for (int session = 0; session < 11; session++) {
            audit.acknowledged(session, UUID.randomUUID(), 7, 1, null);
        }
        failOver();

        assertThat(audit().lost()).hasSize(11).isSortedAccordingTo(Comparator.comparing(LostCommit::acknowledged));
        assertThat(lines()).singleElement().asString().endsWith(audit().lost().subList(0, 10) + " and others");
    }

    @Test
    void whereNothingIsLostTheLogDoesNotWarn() throws Exception {
        CommitAudit.of(cluster).acknowledged(0, KEPT, 7, 1, null);
        failOver();

        assertThat(audit().lost()).isEmpty();
        assertThat(lines())
                .containsExactly(
                        "INFO " + cluster.name() + ": of 1 commits acknowledged before timeline 2 none is known to"
                                + " be lost; 1 are there, 0 could not be looked up");
    }

    @Test
    void anIdPastTheSwitchPointIsLostAndOneBeforeItIsAsked() throws Exception {
        CommitAudit audit = CommitAudit.of(cluster);
        audit.acknowledged(0, xid("701", 999));
        audit.acknowledged(0, xid("702", 999));
        audit.acknowledged(0, xid("703", 1000));
        failOver();

        assertThat(audit().lost()).extracting(LostCommit::xid).containsExactlyInAnyOrder("702", "703");
        assertThat(audit().present()).isEqualTo(1);
        assertThat(second.allStatements()).noneMatch(sql -> sql.contains("pg_xact_status('703'"));
    }

    @Test
    void whatCannotBeLookedUpIsCalledUnknownAndNotLost() throws Exception {
        CommitAudit audit = CommitAudit.of(cluster);
        audit.acknowledged(0, new Xid("701", 999, 7, "node3", null));
        second.timeline(8);
        source.history(new TimelineHistory(List.of(new Switch(7, 1000, "node2"))));
        source.elect("node2");
        cluster.discard(cluster.open(Deadline.in(PATIENCE)));

        assertThat(audit().lost()).isEmpty();
        assertThat(audit().unknown()).isEqualTo(1);
    }

    @Test
    void aPrimaryThatBreaksUnderTheAuditIsAskedAgain() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        second.script(sql -> sql.startsWith("SELECT token FROM pgbaton.tx") && asked.getAndIncrement() == 0
                ? Reaction.HANG_UP
                : Reaction.SUCCEED);
        CommitAudit.of(cluster).acknowledged(0, KEPT, 7, 1, null);
        failOver();

        assertThat(audit().present()).isEqualTo(1);
        assertThat(asked).hasValue(2);
    }

    @Test
    void aLedgerMadeAnewTellsNothingOfWhatWasBefore() throws Exception {
        CommitAudit.of(cluster).acknowledged(0, UUID.randomUUID(), 6, 1, null);
        failOver();

        assertThat(audit().lost()).isEmpty();
        assertThat(audit().unknown()).isEqualTo(1);
    }

    @Test
    void withoutACommitNothingIsAsked() throws Exception {
        CommitAudit.of(cluster).acknowledged(0, KEPT, 7, 2, null);
        failOver();
        cluster.discard(cluster.open(Deadline.in(PATIENCE)));

        assertThat(second.allStatements()).noneMatch(sql -> sql.contains("pgbaton.tx WHERE"));
        assertThat(audits).isEmpty();
    }
}
