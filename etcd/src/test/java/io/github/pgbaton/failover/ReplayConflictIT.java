package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.testkit.PatroniCluster;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A replay among others that want the same rows, or whose server goes: it begins anew, and comes out the same. */
@Timeout(180)
class ReplayConflictIT extends ReplayBench {

    /** The one that waits first looks for a deadlock first: the other one is told to look much later. */
    @Test
    void deadlockInAReplayBeginsItAnew() throws Exception {
        String[] keys = twoRows();
        run(lock(keys[0]));
        run(lock(keys[1]));
        try (Connection other = superuser()) {
            run(other, "SET deadlock_timeout TO '60s'");
            other.setAutoCommit(false);
            breakSession();
            run(other, lock(keys[1]));
            CompletableFuture<?> application = inBackground("a");
            awaitLockWait();
            run(other, lock(keys[0]));
            other.rollback();
            application.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
        connection.commit();

        assertThat(committed()).contains("a").hasSize(3);
    }

    @Test
    void serializationFailureInAReplayBeginsItAnew() throws Exception {
        String[] keys = twoRows();
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        assertThat(text("SELECT 42")).isEqualTo("42");
        run(lock(keys[0]));
        try (Connection other = superuser()) {
            other.setAutoCommit(false);
            breakSession();
            run(other, lock(keys[0]));
            CompletableFuture<?> application = inBackground("a");
            awaitLockWait();
            other.commit();
            application.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
        connection.commit();

        assertThat(committed()).contains("a").hasSize(3);
    }

    /** PostgreSQL ends every session when one of its processes crashes, and starts anew, by itself or by Patroni. */
    @Test
    void crashDuringAReplayBeginsItAnewOnThePrimaryOfThen() throws Exception {
        String[] keys = twoRows();
        run(lock(keys[0]));
        CompletableFuture<?> application;
        try (Connection other = superuser()) {
            other.setAutoCommit(false);
            breakSession();
            run(other, lock(keys[0]));
            application = inBackground("a");
            awaitLockWait();
            PatroniCluster cluster = CLUSTER.cluster();
            cluster.killPostgres(cluster.awaitPrimary(PATIENCE));
        }
        application.get(2 * PATIENCE.toSeconds(), TimeUnit.SECONDS);
        connection.commit();
        CLUSTER.cluster().restore(PATIENCE.multipliedBy(2));
        disconnect();
        reconnectPastTheDriver();

        assertThat(committed()).contains("a").hasSize(3);
    }

    @Test
    void commitThatADeferredConstraintRefusesAfterAReplayIsPassedThrough() throws Exception {
        others("CREATE TABLE IF NOT EXISTS checked (v text UNIQUE DEFERRABLE INITIALLY DEFERRED)");
        String insert = "INSERT INTO checked VALUES ('" + name + "')";
        run(insert);
        breakSession();
        others(insert);

        SQLException refused = catchThrowableOfType(SQLException.class, () -> connection.commit());
        assertThat(refused.getSQLState()).isEqualTo("23505");
        assertThat(text(admin, "SELECT count(*) FROM checked WHERE v = '" + name + "'"))
                .isEqualTo("1");
        assertGoesOnAfterRollback();
    }

    private String[] twoRows() throws SQLException {
        add("1");
        add("2");
        connection.commit();
        return new String[] {"1", "2"};
    }

    private String lock(String value) {
        return "UPDATE replayed SET v = v WHERE test = '" + name + "' AND v = '" + value + "'";
    }

    private CompletableFuture<Void> inBackground(String value) {
        return CompletableFuture.runAsync(() -> {
            try {
                add(value);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private void awaitLockWait() {
        await().atMost(PATIENCE)
                .until(() -> text(
                                admin,
                                "SELECT count(*) FROM pg_stat_activity WHERE application_name = '" + name
                                        + "' AND wait_event_type = 'Lock'")
                        .equals("1"));
    }

    private static Connection superuser() throws SQLException {
        PatroniCluster cluster = CLUSTER.cluster();
        return DriverManager.getConnection(
                "jdbc:postgresql://" + cluster.seeds() + "/" + cluster.database() + "?targetServerType=primary",
                cluster.superuser(),
                cluster.superuserPassword());
    }
}
