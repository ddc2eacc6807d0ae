package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.event.StatementUnknownException;
import io.github.pgbaton.event.TransactionLostException;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of the work on a replica when its member breaks, is elected, or is asked to write. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TargetFailoverTest extends TargetOnScripts {
    @Test
    void electionLeavesSessionsOnReplicasAlone() throws Exception {
        BatonDataSource replicas = target("replica");
        try (Connection connection = replicas.getConnection()) {
            ScriptedPostgres on = runs(connection, "SELECT 1");
            long sessions = on.accepted();
            other(on).timeline(2).inRecovery(false);
            source.elect(name(other(on)));
            primary.inRecovery(true);

            assertThat(runs(connection, "SELECT 2")).isSameAs(on);
            assertThat(on.accepted()).as("the same session").isEqualTo((int) sessions);
        }
    }

    @Test
    void sessionLeavesAMemberThatIsElectedBeforeItIsPromoted() throws Exception {
        BatonDataSource replicas = target("replica");
        try (Connection connection = replicas.getConnection()) {
            ScriptedPostgres on = runs(connection, "SELECT 1");
            source.elect(name(on));

            assertThat(runs(connection, "SELECT 2")).isSameAs(other(on));
        }
    }

    @Test
    void transactionOnAMemberThatIsElectedEndsThereAndTheNextOneIsElsewhere() throws Exception {
        BatonDataSource replicas = target("replica");
        try (Connection connection = replicas.getConnection()) {
            connection.setAutoCommit(false);
            ScriptedPostgres on = runs(connection, "SELECT 1");
            source.elect(name(on));
            on.timeline(2).inRecovery(false);

            assertThat(runs(connection, "SELECT 2")).isSameAs(on);
            connection.commit();
            assertThat(runs(connection, "SELECT 3")).isSameAs(other(on));
            connection.rollback();
        }
    }

    @Test
    void transactionOfADeadReplicaIsReplayedOnAnother() throws Exception {
        BatonDataSource replicas = target("replica");
        second.answers(sql -> sql.equals("SELECT a") ? new String[] {"1"} : null);
        third.answers(sql -> sql.equals("SELECT a") ? new String[] {"1"} : null);
        try (Connection connection = replicas.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            ScriptedPostgres on;
            try (ResultSet row = statement.executeQuery("SELECT a")) {
                row.next();
                assertThat(row.getInt(1)).isEqualTo(1);
            }
            on = second.statements().contains("SELECT a") ? second : third;
            on.close();
            run(connection, "SELECT b");
            connection.commit();
            assertThat(other(on).statements()).containsSubsequence("BEGIN", "SELECT a", "SELECT b", "COMMIT");
        }
        assertThat(primary.statements()).isEmpty();
    }

    @Test
    void replayOnAReplicaThatShowsSomethingElseIsRefused() throws Exception {
        BatonDataSource replicas = target("replica");
        second.answers(sql -> sql.equals("SELECT a") ? new String[] {"2"} : null);
        third.answers(sql -> sql.equals("SELECT a") ? new String[] {"3"} : null);
        try (Connection connection = replicas.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            try (ResultSet row = statement.executeQuery("SELECT a")) {
                row.next();
                row.getInt(1);
            }
            (second.statements().contains("SELECT a") ? second : third).close();
            assertThatThrownBy(() -> run(connection, "SELECT b")).isInstanceOf(TransactionLostException.class);
            connection.rollback();
        }
    }

    /** The member may have been promoted just before it, so that it is a replica's is no proof. */
    @Test
    void autocommitStatementThatAReplicaTookWithItIsUnknownWhereItMayWrite() throws Exception {
        breakOnce("SELECT once", "it calls f(), which is volatile");
        try (Connection connection = target("replica").getConnection()) {
            assertThatThrownBy(() -> run(connection, "SELECT once")).isInstanceOf(StatementUnknownException.class);
            assertThat(runs(connection, "SELECT 2")).isNotSameAs(primary);
        }
        assertThat(primary.statements()).isEmpty();
    }

    @Test
    void queryThatAReplicaTookWithItIsRunAgainOnAReplica() throws Exception {
        breakOnce("SELECT once", "");
        try (Connection connection = target("replica").getConnection()) {
            run(connection, "SELECT once");
        }
        assertThat(primary.statements()).isEmpty();
        // Either may serve it: the one that broke the session took the next look well.
        assertThat(Stream.of(second, third)
                        .flatMap(replica -> replica.statements().stream())
                        .filter("SELECT once"::equals))
                .hasSize(2);
    }

    /** @param verdict what the next server says that it calls */
    private void breakOnce(String statement, String verdict) {
        AtomicBoolean broken = new AtomicBoolean();
        for (ScriptedPostgres server : List.of(second, third)) {
            server.answers(sql -> sql.startsWith("WITH RECURSIVE named") ? new String[] {verdict} : null);
            server.script(sql -> {
                if (!sql.equals(statement) || !broken.compareAndSet(false, true)) {
                    return Reaction.SUCCEED;
                }
                return Reaction.HANG_UP;
            });
        }
    }

    @Test
    void commitInFlightOnAStandbyIsRunAgainWithItsReads() throws Exception {
        BatonDataSource replicas = target("replica");
        try (Connection connection = replicas.getConnection()) {
            connection.setAutoCommit(false);
            ScriptedPostgres on = runs(connection, "SELECT 1");
            AtomicBoolean hungUp = new AtomicBoolean();
            on.script(sql -> {
                if (!sql.equals("COMMIT")) {
                    return Reaction.SUCCEED;
                }
                hungUp.set(true);
                closeQuietly(on);
                return Reaction.HANG_UP;
            });
            connection.commit();
            assertThat(hungUp).isTrue();
            assertThat(on.statements()).contains("COMMIT");
            List<String> all = new ArrayList<>(second.statements());
            all.addAll(third.statements());
            assertThat(all).filteredOn("SELECT 1"::equals).hasSize(2);
            assertThat(all).filteredOn("COMMIT"::equals).hasSize(2);
        }
    }

    @Test
    void writeOnAReplicaIsTheApplicationsOwnErrorAndDoubtsNobody() throws Exception {
        BatonDataSource replicas = target("replica");
        for (ScriptedPostgres server : List.of(second, third)) {
            server.script(sql -> sql.startsWith("INSERT") ? Reaction.FAIL_READ_ONLY : Reaction.SUCCEED);
        }
        try (Connection connection = replicas.getConnection()) {
            ScriptedPostgres on = runs(connection, "SELECT 1");
            int suspicions = source.suspicions();
            int sessions = on.accepted();
            assertThatThrownBy(() -> run(connection, "INSERT 1")).isInstanceOfSatisfying(SQLException.class, e -> {
                assertThat(e.getSQLState()).isEqualTo("25006");
                assertThat((Throwable) e.getNextException()).as("for a pool").isNull();
            });
            assertThat(runs(connection, "SELECT 2")).isSameAs(on);
            assertThat(source.suspicions()).isEqualTo(suspicions);
            assertThat(on.accepted()).isEqualTo(sessions);
        }
    }

    @Test
    void transactionOfThePrimaryIsReplayedOnAPrimaryWhateverTheTarget() throws Exception {
        second.position(MIB);
        third.position(MIB);
        BatonDataSource prefers = target("preferReplica");
        try (Connection connection = prefers.getConnection()) {
            connection.setAutoCommit(false);
            assertThat(runs(connection, "INSERT 1")).isSameAs(primary);
            third.position(100 * MIB);
            second.timeline(2).inRecovery(false);
            source.elect("node2");
            run(connection, "INSERT 2");
            connection.commit();
        }
        assertThat(second.statements()).containsSubsequence("BEGIN", "INSERT 1", "INSERT 2");
        assertThat(third.statements()).doesNotContain("INSERT 1");
    }

    private static void closeQuietly(ScriptedPostgres server) {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
