package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When a session takes over what another one was told of the ledger, and when it asks for itself. */
@Timeout(60)
class KnownFactsTest extends OutcomeOnScripts {
    private static final String WHOLE = "obj_description";

    private final AtomicLong clock = new AtomicLong();
    private final KnownFacts known = new KnownFacts(clock::get);

    @Override
    ScriptedPostgres node1() throws IOException {
        return new ScriptedPostgres().ledger().xids();
    }

    @Override
    ScriptedPostgres node2() throws IOException {
        return new ScriptedPostgres().ledger().xids().timeline(2);
    }

    private SessionFacts ask() throws SQLException {
        OpenSession session = cluster.open(Deadline.in(PATIENCE));
        try {
            return known.ask(session, Deadline.in(PATIENCE));
        } finally {
            cluster.discard(session);
        }
    }

    private static long wholeQuestions(ScriptedPostgres server) {
        return server.allStatements().stream()
                .filter(sql -> sql.contains(WHOLE))
                .count();
    }

    @Test
    void theNextSessionAsksOnlyForWhatIsItsOwn() throws Exception {
        SessionFacts one = ask();
        SessionFacts next = ask();

        assertThat(wholeQuestions(first)).isEqualTo(1);
        assertThat(next.ledger()).isInstanceOf(LedgerStatus.Usable.class).isEqualTo(one.ledger());
        assertThat(next.xids()).isTrue();
        assertThat(next.pid()).isEqualTo(1);
        assertThat(next.standing().timeline()).isEqualTo(1);
    }

    @Test
    void aSessionThatIsOpenedAfterAnotherCostsTheServerOneStatement() throws Exception {
        Committer.open(cluster, cluster.open(Deadline.in(PATIENCE)));
        int before = first.allStatements().size();

        Committer.open(cluster, cluster.open(Deadline.in(PATIENCE)));

        List<String> own =
                first.allStatements().subList(before, first.allStatements().size());
        assertThat(own).hasSize(1);
        assertThat(own.get(0)).contains("backend_start", "pg_is_in_recovery()", "pg_control_system()");
        assertThat(own.get(0)).doesNotContain(WHOLE);
    }

    @Test
    void aTableThatWasChangedIsLookedAtAnew() throws Exception {
        ask();
        first.ledgerVersion("701");
        ask();
        ask();

        assertThat(wholeQuestions(first)).isEqualTo(2);
    }

    @Test
    void anotherPrimaryIsAskedForItself() throws Exception {
        ask();
        source.elect("node2");

        assertThat(ask().standing().timeline()).isEqualTo(2);
        assertThat(wholeQuestions(second)).isEqualTo(1);
    }

    @Test
    void theSameMemberOnAnotherTimelineIsAskedForItself() throws Exception {
        ask();
        first.timeline(3);
        ask();

        assertThat(wholeQuestions(first)).isEqualTo(2);
    }

    @Test
    void anotherSystemBehindTheSameAddressIsAskedForItself() throws Exception {
        SessionFacts one = ask();
        OpenSession session = cluster.open(Deadline.in(PATIENCE));
        first.system("7000000000000000002");

        assertThat(known.ask(session, Deadline.in(PATIENCE)).standing().systemIdentifier())
                .isNotEqualTo(one.standing().systemIdentifier());
        assertThat(wholeQuestions(first)).isEqualTo(2);
        cluster.discard(session);
    }

    /** Asked while it is a standby still, as a member that is about to be promoted. */
    private void rehearse() throws SQLException {
        OpenSession session = cluster.open(Deadline.in(PATIENCE));
        first.inRecovery(true);
        session.said(Standing.ask(session.connection()));
        known.on(session);
        cluster.discard(session);
        first.inRecovery(false);
    }

    @Test
    void whatAStandbySaidHoldsForThePrimaryThatItBecomes() throws Exception {
        rehearse();
        SessionFacts own = ask();

        assertThat(wholeQuestions(first)).isEqualTo(1);
        assertThat(own.ledger()).isInstanceOf(LedgerStatus.Usable.class);
        assertThat(own.standing().timeline()).isEqualTo(1);
    }

    @Test
    void aTableThatTheStandbyHadYetToReplayIsLookedAtAnew() throws Exception {
        rehearse();
        first.ledgerVersion("701");
        ask();

        assertThat(wholeQuestions(first)).isEqualTo(2);
    }

    @Test
    void aStandbyThatLagsTellsNothingOfThePrimaryThatItBecomes() throws Exception {
        first.answers(sql -> sql.startsWith("SELECT NOT") ? new String[] {"f"} : null);
        rehearse();
        ask();

        assertThat(wholeQuestions(first)).isEqualTo(2);
    }

    @Test
    void aPoolersStandbyTellsNothingOfThePrimary() throws Exception {
        // The one that proves the primary says what it is; of all others it is not known, and behind a pooler of none.
        cluster.discard(cluster.open(Deadline.in(PATIENCE)));
        OpenSession session = cluster.open(Deadline.in(PATIENCE));
        known.on(session);
        cluster.discard(session);
        ask();

        assertThat(wholeQuestions(first)).isEqualTo(2);
    }

    @Test
    void afterTenSecondsItIsAskedAnew() throws Exception {
        ask();
        clock.addAndGet(Duration.ofMillis(9_999).toNanos());
        ask();
        assertThat(wholeQuestions(first)).isEqualTo(1);

        clock.addAndGet(Duration.ofMillis(1).toNanos());
        ask();

        assertThat(wholeQuestions(first)).isEqualTo(2);
    }

    @Test
    void whatIsMissingIsLookedForByEachSession() throws Exception {
        first.close();
        first = new ScriptedPostgres().ledger();
        source.member("node1", first.address());
        source.elect("node1");
        ask();
        ask();

        assertThat(wholeQuestions(first)).isEqualTo(2);
    }
}
