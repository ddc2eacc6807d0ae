package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.pgbaton.internal.outcome.CommitResult.Committed;
import io.github.pgbaton.internal.outcome.CommitResult.NotSent;
import io.github.pgbaton.internal.outcome.CommitResult.Refused;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.scripted.WireProxy.Action;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.TransactionState;
import org.postgresql.jdbc.AutoSave;
import org.postgresql.jdbc.PgConnection;

/** What a commit does to a real PostgreSQL, and what goes over the wire for it. */
@Timeout(120)
class CommitterIT extends OnLedgerBench {
    @Test
    void leavesItsTokenTogetherWithTheTransaction() throws SQLException {
        CommitResult result = commit(1);

        assertThat(result).isInstanceOf(Committed.class);
        assertThat(bench.committed(1)).isTrue();
        assertThat(bench.value("SELECT token FROM pgbaton.tx WHERE kind = 'c'"))
                .isEqualTo(String.valueOf(((Committed) result).token()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "&preferQueryMode=extendedForPrepared", "&preferQueryMode=extendedCacheEverything"})
    void isOneBurstWithOneSyncAsAPlainCommitIs(String parameters) throws SQLException {
        OpenSession session = bench.open(bench.cluster(parameters));
        Committer committer = Committer.open(ref, session);
        LedgerBench.begin(session.connection(), 1);
        committer.commit(false);
        LedgerBench.begin(session.connection(), 2);
        bench.proxy.forget();

        assertThat(committer.commit(false)).isInstanceOf(Committed.class);
        session.connection().commit();

        assertThat(bench.proxy.types(session.connection().getBackendPID())).isEqualTo("BEBES");
        assertThat(bench.kinds()).isEqualTo("cc");
        assertThat(session.connection().getTransactionState()).isEqualTo(TransactionState.IDLE);
    }

    @ParameterizedTest
    @EnumSource
    void savepointsOfPgJdbcsOwnNeitherCostAMessageNorHideARefusal(AutoSave autosave) throws SQLException {
        OpenSession session = bench.open(ref);
        PgConnection connection = session.connection();
        Committer committer = Committer.open(ref, session);
        connection.setAutosave(autosave);
        LedgerBench.begin(connection, 1);
        committer.commit(false);
        LedgerBench.begin(connection, 2);
        bench.proxy.forget();
        assertThat(committer.commit(false)).isInstanceOf(Committed.class);
        assertThat(bench.proxy.types(session.connection().getBackendPID())).isEqualTo("BEBES");
        assertThat(connection.getAutosave()).isEqualTo(autosave);

        bench.asAdmin("ALTER TABLE pgbaton.tx RENAME TO other");
        LedgerBench.begin(connection, 3);
        assertThat(committer.commit(false)).isInstanceOf(Refused.class);

        assertThat(connection.getTransactionState()).isEqualTo(TransactionState.IDLE);
        assertThat(bench.committed(3)).isFalse();
    }

    @Test
    void simpleQueriesAreSafeToo() throws SQLException {
        ClusterRef simple = bench.cluster("&preferQueryMode=simple");
        OpenSession session = bench.open(simple);
        Committer committer = Committer.open(simple, session);
        LedgerBench.begin(session.connection(), 1);
        bench.proxy.forget();
        assertThat(committer.commit(false)).isInstanceOf(Committed.class);
        assertThat(bench.proxy.types(session.connection().getBackendPID())).isEqualTo("QQ");
        assertThat(bench.kinds()).isEqualTo("c");

        bench.asAdmin("ALTER TABLE pgbaton.tx RENAME TO other");
        LedgerBench.begin(session.connection(), 2);

        assertThat(committer.commit(false))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.ledger()).isTrue());
        assertThat(session.connection().getTransactionState()).isEqualTo(TransactionState.IDLE);
        assertThat(bench.committed(2)).isFalse();
    }

    @Test
    void aDriverThatMayNotPrepareStatementsStillCommitsInOneBurst() throws SQLException {
        ClusterRef pooled = bench.cluster("&prepareThreshold=0");
        OpenSession session = bench.open(pooled);
        Committer committer = Committer.open(pooled, session);
        LedgerBench.begin(session.connection(), 1);
        bench.proxy.forget();

        assertThat(committer.commit(false)).isInstanceOf(Committed.class);

        assertThat(bench.proxy
                        .types(session.connection().getBackendPID())
                        .chars()
                        .filter(type -> type == 'S'))
                .hasSize(1);
        assertThat(bench.kinds()).isEqualTo("c");
    }

    @Test
    void aTransactionThatChangedNothingLeavesNoToken() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        session.connection().setAutoCommit(false);
        LedgerBench.run(session.connection(), "UPDATE work SET note = 'x' WHERE id = 7");

        assertThat(committer.commit(false)).isEqualTo(new Committed(null));

        assertThat(bench.kinds()).isEmpty();
        assertThat(session.connection().getTransactionState()).isEqualTo(TransactionState.IDLE);
    }

    @Test
    void aReadOnlyTransactionCommitsPlainly() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        session.connection().setAutoCommit(false);
        session.connection().setReadOnly(true);
        LedgerBench.run(session.connection(), "SELECT 1");
        bench.proxy.forget();

        assertThat(committer.commit(true)).isEqualTo(new Committed(null));

        assertThat(bench.proxy.sent())
                .filteredOn(sent -> !sent.sql().isEmpty())
                .allSatisfy(sent -> assertThat(sent.sql()).isEqualTo("COMMIT"));
    }

    @Test
    void aReadOnlyTransactionOfSqlTextTheDriverDidNotKnowOfIsRolledBackToBeRunAgain() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        session.connection().setAutoCommit(false);
        LedgerBench.run(session.connection(), "SET TRANSACTION READ ONLY");

        assertThat(committer.commit(false)).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.ledger()).isTrue();
            assertThat(refused.failure().getSQLState()).isEqualTo("40001");
        });
        assertThat(committer.protects()).isTrue();
        assertThat(session.connection().getTransactionState()).isEqualTo(TransactionState.IDLE);
    }

    @Test
    void aFailedTransactionIsToldInsteadOfSilentlyRolledBack() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        LedgerBench.begin(session.connection(), 1);
        assertThatExceptionOfType(SQLException.class)
                .isThrownBy(() -> LedgerBench.run(session.connection(), "SELECT 1/0"));

        assertThat(committer.commit(false)).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.failure().getSQLState()).isEqualTo("25P02");
            assertThat(refused.ledger()).isFalse();
        });
        assertThat(bench.committed(1)).isFalse();
        assertThat(session.connection().getTransactionState()).isEqualTo(TransactionState.IDLE);
    }

    @Test
    void whatPostgresRefusesAtCommitIsPassedThrough() throws SQLException {
        bench.asAdmin("ALTER TABLE work ADD boss int REFERENCES work DEFERRABLE INITIALLY DEFERRED");
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        session.connection().setAutoCommit(false);
        LedgerBench.run(session.connection(), "INSERT INTO work(id, boss) VALUES (1, 99)");

        assertThat(committer.commit(false)).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.failure().getSQLState()).isEqualTo("23503");
            assertThat(refused.ledger()).isFalse();
        });
        assertThat(bench.kinds()).isEmpty();
        assertThat(session.connection().getTransactionState()).isEqualTo(TransactionState.IDLE);
    }

    @Test
    void aSerializationFailureAtCommitIsPassedThrough() throws SQLException {
        bench.asAdmin("INSERT INTO work VALUES (1), (2)");
        OpenSession one = bench.open(ref);
        OpenSession other = bench.open(ref);
        Committer committer = Committer.open(ref, one);
        Committer second = Committer.open(ref, other);
        for (OpenSession session : new OpenSession[] {one, other}) {
            session.connection().setAutoCommit(false);
            session.connection().setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            LedgerBench.run(session.connection(), "SELECT count(note) FROM work");
        }
        LedgerBench.run(one.connection(), "UPDATE work SET note = 'x' WHERE id = 1");
        LedgerBench.run(other.connection(), "UPDATE work SET note = 'x' WHERE id = 2");

        assertThat(committer.commit(false)).isInstanceOf(Committed.class);
        assertThat(second.commit(false))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.failure().getSQLState()).isEqualTo("40001"));
        assertThat(bench.kinds()).isEqualTo("c");
    }

    @Test
    void nothingIsSentWhereNoTransactionIsOpen() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        session.connection().setAutoCommit(false);
        bench.proxy.forget();

        assertThat(committer.commit(false)).isEqualTo(new Committed(null));

        assertThat(bench.proxy.sent()).isEmpty();
    }

    @Test
    void aSessionFoundGoneBeforehandIsToldApartFromOneThatBroke() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        LedgerBench.begin(session.connection(), 1);
        session.socket().abort();

        assertThat(committer.commit(false)).isInstanceOf(NotSent.class);
    }

    @Test
    void aTransactionBegunBySqlTextInAutocommitModeHasATokenToo() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        LedgerBench.run(session.connection(), "BEGIN");
        LedgerBench.run(session.connection(), "INSERT INTO work VALUES (1)");

        assertThat(committer.commit(false)).isInstanceOf(Committed.class);

        assertThat(bench.kinds()).isEqualTo("c");
        assertThat(bench.committed(1)).isTrue();
    }

    @Test
    void discardAllDoesNotDisturbTheNextCommit() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        LedgerBench.begin(session.connection(), 1);
        committer.commit(false);
        session.connection().setAutoCommit(true);
        LedgerBench.run(session.connection(), "DISCARD ALL");
        LedgerBench.begin(session.connection(), 2);

        assertThat(committer.commit(false)).isInstanceOf(Committed.class);
        assertThat(bench.kinds()).isEqualTo("cc");
    }

    @Test
    void deallocatingBehindTheDriversBackCostsOneTransactionThatIsCertainlyRolledBack() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        LedgerBench.begin(session.connection(), 1);
        committer.commit(false);
        LedgerBench.begin(session.connection(), 2);
        LedgerBench.run(session.connection(), "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$");

        assertThat(committer.commit(false)).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.failure().getSQLState()).isEqualTo("40001");
            assertThat(refused.ledger()).isTrue();
        });
        LedgerBench.begin(session.connection(), 3);
        assertThat(committer.commit(false)).isInstanceOf(Committed.class);
        assertThat(bench.kinds()).isEqualTo("cc");
        assertThat(bench.committed(2)).isFalse();
    }

    @Test
    void aLedgerThatVanishesCostsOneTransactionAndThenTransactionIdsTakeItsPlace() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        bench.asAdmin("DROP SCHEMA pgbaton CASCADE");
        LedgerBench.begin(session.connection(), 1);

        assertThat(committer.commit(false)).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.ledger()).isTrue();
            assertThat(refused.failure().getSQLState()).isEqualTo("40001");
            assertThat(refused.failure().getMessage()).contains("pgbaton.tx");
        });
        assertThat(committer.protects()).isTrue();
        assertThat(committer.unprotected()).contains("pgbaton.tx");
        LedgerBench.begin(session.connection(), 2);
        assertThat(committer.commit(false)).isEqualTo(new Committed(null));
        assertThat(bench.committed(1)).isFalse();
        assertThat(bench.committed(2)).isTrue();
    }

    @Test
    void responseDroppedIsInDoubtThoughItIsDurable() throws SQLException {
        cutAt('B', Action.LOSE_ANSWER);

        assertInDoubt(commit(1));

        bench.awaitTrue("SELECT EXISTS (SELECT FROM pgbaton.tx WHERE kind = 'c')");
        assertThat(bench.committed(1)).isTrue();
    }

    @Test
    void requestDroppedIsInDoubtThoughNothingArrived() throws SQLException {
        cutAt('B', Action.LOSE);

        assertInDoubt(commit(1));

        assertThat(bench.committed(1)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(chars = {'B', 'E'})
    void requestHalfWrittenIsInDoubt(char type) throws SQLException {
        cutAt(type, Action.HALVE);

        assertInDoubt(commit(1));

        assertThat(bench.committed(1)).isFalse();
    }

    @Test
    void aSocketTimeoutIsInDoubt() throws SQLException {
        ref = bench.cluster("&socketTimeout=3");
        cutAt('B', Action.HOLD);

        assertInDoubt(commit(1));
    }

    @Test
    void whatTheSessionAskedForIsBackAfterTheCommit() throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        LedgerBench.run(session.connection(), "SET client_min_messages TO error");
        LedgerBench.begin(session.connection(), 1);

        assertThat(committer.commit(false)).isInstanceOf(Committed.class);

        session.connection().setAutoCommit(true);
        try (Statement statement = session.connection().createStatement();
                ResultSet row = statement.executeQuery("SHOW client_min_messages")) {
            row.next();
            assertThat(row.getString(1)).isEqualTo("error");
        }
    }

    @Test
    void aSessionThatIsNotInAutocommitModeIsLeftOutsideATransaction() throws SQLException {
        OpenSession session = bench.open(ref);
        session.connection().setAutoCommit(false);

        Committer.open(ref, session);

        assertThat(session.connection().getTransactionState()).isEqualTo(TransactionState.IDLE);
        assertThat(session.connection().getAutoCommit()).isFalse();
    }

    /** At the message of this type that is part of a COMMIT with a token. */
    private void cutAt(char type, Action action) {
        bench.proxy.script(sent ->
                sent.type() == type && sent.sql().contains("INSERT INTO pgbaton.tx(token)") ? action : Action.FORWARD);
    }
}
