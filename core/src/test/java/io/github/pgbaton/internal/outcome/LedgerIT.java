package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.internal.outcome.CommitResult.Committed;
import io.github.pgbaton.internal.outcome.CommitResult.Refused;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.jdbc.PgConnection;

/** The ledger of a real PostgreSQL: created, looked at, damaged and purged. */
@Timeout(120)
class LedgerIT {
    @RegisterExtension
    static final PatroniClusterExtension CLUSTER =
            PatroniClusterExtension.local(builder -> builder.members(1).synchronousMode(false));

    private LedgerBench bench;
    private ClusterRef ref;

    @BeforeEach
    void open() throws Exception {
        bench = new LedgerBench(CLUSTER.cluster());
        ref = bench.cluster("");
    }

    @AfterEach
    void close() throws Exception {
        bench.close();
    }

    private LedgerStatus status() throws SQLException {
        return LedgerStatus.of(bench.open(ref).connection(), Deadline.in(LedgerBench.PATIENCE));
    }

    @Test
    void isUsableForEveryRoleOnceItIsCreated() throws SQLException {
        assertThat(status()).isEqualTo(new LedgerStatus.Usable(LedgerSql.DEFAULT_RETENTION, true));
    }

    @Test
    void createdAgainItKeepsItsRowsAndTakesTheNewRetention() throws SQLException {
        bench.asAdmin("INSERT INTO pgbaton.tx(token) VALUES (gen_random_uuid())");

        bench.asAdmin(LedgerSql.create(Duration.ofHours(3), List.of()));

        assertThat(status()).isEqualTo(new LedgerStatus.Usable(Duration.ofHours(3), true));
        assertThat(bench.kinds()).isEqualTo("c");
    }

    @Test
    void isForNamedRolesOnlyWhereTheyAreNamed() throws SQLException {
        bench.asAdmin("DROP SCHEMA pgbaton CASCADE");
        bench.asAdmin(LedgerSql.create(
                LedgerSql.DEFAULT_RETENTION, List.of(CLUSTER.cluster().superuser())));
        assertThat(status())
                .isInstanceOfSatisfying(
                        LedgerStatus.Unusable.class,
                        unusable -> assertThat(unusable.reason())
                                .contains("role " + CLUSTER.cluster().user() + " lacks USAGE on schema pgbaton"));

        bench.asAdmin(LedgerSql.create(
                LedgerSql.DEFAULT_RETENTION, List.of(CLUSTER.cluster().user())));

        assertThat(status()).isInstanceOf(LedgerStatus.Usable.class);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            DROP SCHEMA pgbaton CASCADE                                  | there is no table pgbaton.tx in database
            DROP TABLE pgbaton.tx                                        | there is no table pgbaton.tx in database
            REVOKE ALL ON SCHEMA pgbaton FROM PUBLIC                     | lacks USAGE on schema pgbaton
            REVOKE INSERT ON pgbaton.tx FROM PUBLIC                      | lacks INSERT (token, kind) on pgbaton.tx
            REVOKE SELECT ON pgbaton.tx FROM PUBLIC                      | lacks SELECT (token, kind) on pgbaton.tx
            ALTER TABLE pgbaton.tx SET UNLOGGED                          | not an ordinary logged table
            ALTER TABLE pgbaton.tx ALTER kind SET DEFAULT 't'            | its columns are (token uuid; kind "char" = 't'
            ALTER TABLE pgbaton.tx ADD more int                          | expected (token uuid; kind "char"
            ALTER TABLE pgbaton.tx DROP CONSTRAINT tx_pkey               | token is not its primary key
            ALTER TABLE pgbaton.tx ENABLE ROW LEVEL SECURITY             | triggers, rules or row security
            CREATE RULE r AS ON INSERT TO pgbaton.tx DO INSTEAD NOTHING  | triggers, rules or row security
            COMMENT ON TABLE pgbaton.tx IS NULL                          | does not tell layout and retention
            COMMENT ON TABLE pgbaton.tx IS 'pgbaton ledger 2, retention 7200 s' | has layout 2 and this driver works with layout 1
            COMMENT ON TABLE pgbaton.tx IS 'pgbaton ledger 1, retention 9 s'    | retention of 9 s is less than 600 s
            """)
    void isNotUsableAndSaysWhy(String damage, String reason) throws SQLException {
        bench.asAdmin(damage);

        assertThat(status())
                .isInstanceOfSatisfying(
                        LedgerStatus.Unusable.class,
                        unusable -> assertThat(unusable.reason()).contains(reason));
    }

    @Test
    void withoutItTheTransactionIdIsAskedForAndItIsSaidWhy() throws SQLException {
        bench.asAdmin("DROP SCHEMA pgbaton CASCADE");
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        LedgerBench.begin(session.connection(), 1);

        assertThat(committer.commit(false)).isEqualTo(new Committed(null));

        assertThat(committer.protects()).isTrue();
        assertThat(committer.unprotected()).contains("there is no table pgbaton.tx");
        assertThat(bench.proxy.sent()).anyMatch(sent -> sent.sql().equals(XidCapture.SQL));
        assertThat(bench.committed(1)).isTrue();
    }

    @Test
    void whereItIsDemandedASessionWithoutItIsRefused() throws SQLException {
        bench.asAdmin("DROP SCHEMA pgbaton CASCADE");
        ClusterRef strict = bench.cluster("&commitOutcome=ledger");
        OpenSession session = bench.open(strict);

        assertThatExceptionOfType(SQLException.class)
                .isThrownBy(() -> Committer.open(strict, session))
                .withMessageContaining("commitOutcome=ledger")
                .withMessageContaining("./run ledger create")
                .extracting(SQLException::getSQLState)
                .isEqualTo("55000");
    }

    @Test
    void whereItIsDemandedAndVanishesNothingIsCommittedWithoutIt() throws SQLException {
        ClusterRef strict = bench.cluster("&commitOutcome=ledger");
        OpenSession session = bench.open(strict);
        Committer committer = Committer.open(strict, session);
        bench.asAdmin("DROP SCHEMA pgbaton CASCADE");
        LedgerBench.begin(session.connection(), 1);
        assertThat(committer.commit(false)).isInstanceOf(Refused.class);
        LedgerBench.begin(session.connection(), 2);

        assertThat(committer.commit(false))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.failure().getSQLState()).isEqualTo("55000"));
        assertThat(bench.committed(2)).isFalse();
    }

    @Test
    void whereNoOutcomeIsAskedForNoTokenIsLeft() throws SQLException {
        ClusterRef none = bench.cluster("&commitOutcome=none");
        OpenSession session = bench.open(none);
        Committer committer = Committer.open(none, session);
        LedgerBench.begin(session.connection(), 1);

        assertThat(committer.commit(false)).isEqualTo(new Committed(null));
        assertThat(bench.kinds()).isEmpty();
        assertThat(committer.unprotected()).isEqualTo("commitOutcome=none");
    }

    @Test
    void purgingTakesOldOriginalsAndLeavesTheRest() throws SQLException {
        bench.asAdmin(
                "INSERT INTO pgbaton.tx SELECT gen_random_uuid(), 'c', clock_timestamp() - interval '2 hours 1 second'"
                        + " FROM generate_series(1, 12000)",
                "INSERT INTO pgbaton.tx VALUES (gen_random_uuid(), 'c', clock_timestamp() - interval '119 minutes')",
                "INSERT INTO pgbaton.tx(token) VALUES (gen_random_uuid())");

        long gone = Purger.purge(bench.open(ref).connection(), Deadline.in(LedgerBench.PATIENCE));

        assertThat(gone).isEqualTo(12000);
        assertThat(bench.kinds()).isEqualTo("cc");
    }

    @Test
    void aTombstoneStaysAsLongAsABackendMayLiveThatItKeepsOut() throws SQLException {
        // As if the server had run for longer than rows are kept.
        bench.asAdmin(LedgerSql.create(LedgerSql.LEAST_RETENTION, List.of())
                .replace("interval '10 minutes'", "interval '0'")
                .replace("retention 600 s", "retention 0 s"));
        bench.asAdmin(
                "INSERT INTO pgbaton.tx VALUES (gen_random_uuid(), 't', pg_postmaster_start_time() - interval '1 second')",
                "INSERT INTO pgbaton.tx(token, kind) VALUES (gen_random_uuid(), 't'), (gen_random_uuid(), 'c')");

        Purger.purge(bench.open(ref).connection(), Deadline.in(LedgerBench.PATIENCE));

        assertThat(bench.kinds()).isEqualTo("t");
    }

    @Test
    void purgedRowsMakeRoomForThoseThatFollow() throws SQLException {
        PgConnection session = bench.open(ref).connection();
        List<Long> sizes = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            bench.asAdmin("INSERT INTO pgbaton.tx SELECT gen_random_uuid(), 'c', clock_timestamp() - interval '3 hours'"
                    + " FROM generate_series(1, 10000)");
            sizes.add(size(session));
            assertThat(Purger.purge(session, Deadline.in(LedgerBench.PATIENCE))).isEqualTo(10000);
            // Whoever began before may still see the rows, and then they stay.
            bench.awaitTrue("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_xmin IS NOT NULL"
                    + " AND pid <> pg_backend_pid() AND backend_type IN ('client backend', 'autovacuum worker'))");
            // As autovacuum does, which comes when it likes.
            bench.asAdmin("VACUUM pgbaton.tx");
        }
        // Else it would be three times as large.
        assertThat(sizes.get(2)).isLessThan(sizes.get(0) * 3 / 2);
    }

    private static long size(PgConnection session) throws SQLException {
        try (Statement statement = session.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_total_relation_size('pgbaton.tx')")) {
            row.next();
            return row.getLong(1);
        }
    }

    @Test
    void onePurgerAtATime() throws SQLException {
        bench.asAdmin("INSERT INTO pgbaton.tx VALUES (gen_random_uuid(), 'c', clock_timestamp() - interval '1 day')");
        Connection other = bench.another();
        other.setAutoCommit(false);
        LedgerBench.run(
                other, "SELECT pg_advisory_xact_lock(hashtext('pgbaton.purge'), 'pgbaton.tx'::regclass::oid::int)");
        PgConnection session = bench.open(ref).connection();

        assertThat(Purger.purge(session, Deadline.in(LedgerBench.PATIENCE))).isZero();
        other.rollback();
        assertThat(Purger.purge(session, Deadline.in(LedgerBench.PATIENCE))).isEqualTo(1);
    }

    @Test
    void nobodyButItsOwnerCanTakeRowsOutOrSayWhenTheyCame() throws SQLException {
        bench.asAdmin("INSERT INTO pgbaton.tx(token) VALUES (gen_random_uuid())");
        try (Connection user = DriverManager.getConnection(
                bench.plainUrl(), CLUSTER.cluster().user(), CLUSTER.cluster().password())) {
            for (String sql : List.of(
                    "DELETE FROM pgbaton.tx",
                    "UPDATE pgbaton.tx SET kind = 't'",
                    "INSERT INTO pgbaton.tx VALUES (gen_random_uuid(), 'c', now() - interval '1 day')",
                    "TRUNCATE pgbaton.tx")) {
                assertThatExceptionOfType(SQLException.class)
                        .isThrownBy(() -> LedgerBench.run(user, sql))
                        .extracting(SQLException::getSQLState)
                        .isEqualTo("42501");
            }
        }
    }

    @Test
    void aLedgerThatDoesNotSayHowLongItKeepsRowsIsNotPurged() throws SQLException {
        bench.asAdmin(
                "INSERT INTO pgbaton.tx VALUES (gen_random_uuid(), 'c', clock_timestamp() - interval '1 year')",
                "COMMENT ON TABLE pgbaton.tx IS 'something else'");
        PgConnection session = bench.open(ref).connection();

        assertThatExceptionOfType(SQLException.class)
                .isThrownBy(() -> Purger.purge(session, Deadline.in(LedgerBench.PATIENCE)))
                .withMessageContaining("does not say how long its rows are kept");
        assertThat(bench.kinds()).isEqualTo("c");
    }

    @Test
    void commitsHaveItPurgedNowAndThen() throws SQLException {
        bench.asAdmin("INSERT INTO pgbaton.tx VALUES (gen_random_uuid(), 'c', clock_timestamp() - interval '1 day')");
        AtomicLong clock = new AtomicLong();
        Ledger ledger = new Ledger("test", clock::get);
        ledger.seen(new LedgerStatus.Usable(LedgerSql.DEFAULT_RETENTION, true), false);

        clock.addAndGet(LedgerSql.DEFAULT_RETENTION.toNanos());
        ledger.committed(ref);
        bench.awaitTrue("SELECT NOT EXISTS (SELECT FROM pgbaton.tx)");

        // The next one is not due yet.
        bench.asAdmin("INSERT INTO pgbaton.tx VALUES (gen_random_uuid(), 'c', clock_timestamp() - interval '1 day')");
        ledger.committed(ref);
        clock.addAndGet(LedgerSql.DEFAULT_RETENTION.toNanos());
        assertThat(bench.kinds()).isEqualTo("c");
        // The first purge may still be closing its session, and only one of them runs at a time.
        await().atMost(LedgerBench.PATIENCE).until(() -> {
            ledger.committed(ref);
            return bench.kinds().isEmpty();
        });
    }
}
