package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.event.SessionStateLostException;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.PGStatement;
import org.postgresql.util.PGobject;

/** What connections to a real cluster still have after a real switchover, and what they say of the rest. */
@Timeout(300)
class SessionStateIT {
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    /** Text that makes what no other session can have, and the name that must be told. */
    private static final Map<String, String> LOST = Map.of(
            "CREATE TEMP TABLE session_numbers (a int)", "temporary table session_numbers",
            "SELECT pg_advisory_lock(4711)", "session advisory lock 4711",
            "DECLARE held CURSOR WITH HOLD FOR SELECT generate_series(1, 10)", "cursor WITH HOLD held",
            "PREPARE plan AS SELECT 1", "prepared statement plan");

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.quick();

    @Test
    void movedConnectionsHaveTheirSettingsAndTellWhatTheyLost() throws Exception {
        PatroniCluster cluster = CLUSTER.cluster();
        String primary = cluster.awaitPrimary(PATIENCE);
        Map<Connection, String> losing = new LinkedHashMap<>();
        try (BatonDataSource source = Clusters.dataSource(cluster, "connectionInitSql=SET%20app.init%20%3D%20'yes'");
                Connection kept = source.getConnection();
                Connection acting = source.getConnection();
                Connection filling = source.getConnection();
                Connection attributed = source.getConnection();
                Connection fetching = source.getConnection();
                Connection listening = source.getConnection()) {
            createAuditor(cluster, primary);
            execute(kept, "CREATE SCHEMA IF NOT EXISTS accounts");
            execute(kept, "SET TIME ZONE 'Asia/Tokyo'");
            kept.setSchema("accounts");
            execute(kept, "SET search_path TO accounts, public");
            execute(kept, "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ");
            execute(kept, "SET SESSION CHARACTERISTICS AS TRANSACTION DEFERRABLE");
            execute(acting, "SET default_transaction_isolation = 'read committed'");
            acting.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            kept.setClientInfo("ApplicationName", "billing");
            try (PreparedStatement tenant = kept.prepareStatement("SELECT set_config('app.tenant', ?, false)")) {
                tenant.setString(1, "O'Neil \\ Söhne");
                tenant.execute();
            }
            kept.setAutoCommit(false);
            execute(kept, "SET LOCAL app.local = 'gone'");
            execute(kept, "SET app.rolled_back = 'gone'");
            kept.rollback();
            kept.setAutoCommit(true);
            execute(kept, "SET statement_timeout = '77s'");
            execute(kept, "RESET statement_timeout");
            execute(acting, "SET ROLE auditor");
            execute(filling, "CREATE TABLE IF NOT EXISTS session_batch (a int)");
            execute(filling, "TRUNCATE session_batch");
            PreparedStatement named = filling.prepareStatement("SELECT count(*) FROM session_batch WHERE a > ?");
            named.unwrap(PGStatement.class).setPrepareThreshold(1);
            assertThat(count(named)).isZero();
            assertThat(text(filling, "SELECT count(*) FROM pg_prepared_statements"))
                    .as("prepared on the server")
                    .isEqualTo("1");
            PreparedStatement batch = filling.prepareStatement("INSERT INTO session_batch VALUES (?)");
            for (int row = 1; row <= 2; row++) {
                batch.setInt(1, row);
                batch.addBatch();
            }
            attributed.setReadOnly(true);
            attributed.setHoldability(ResultSet.HOLD_CURSORS_OVER_COMMIT);
            attributed.setNetworkTimeout(Runnable::run, 123_456);
            attributed.setTypeMap(Map.of("mood", Mood.class));
            attributed.setAutoCommit(false);
            text(attributed, "SELECT 1");
            attributed.commit();
            ResultSet rows = halfFetched(fetching);
            execute(listening, "LISTEN orders");
            for (Map.Entry<String, String> lost : LOST.entrySet()) {
                Connection connection = source.getConnection();
                losing.put(connection, lost.getValue());
                execute(connection, lost.getKey());
            }

            cluster.switchover(cluster.syncStandby().orElseThrow());

            assertThat(text(kept, "SELECT pg_is_in_recovery()")).isEqualTo("f");
            assertThat(cluster.awaitPrimary(PATIENCE)).isNotEqualTo(primary);
            assertThat(text(kept, "SHOW search_path")).isEqualTo("accounts, public");
            assertThat(text(kept, "SHOW TimeZone")).isEqualTo("Asia/Tokyo");
            assertThat(text(kept, "SHOW default_transaction_isolation")).isEqualTo("repeatable read");
            assertThat(text(kept, "SHOW default_transaction_deferrable")).isEqualTo("on");
            assertThat(text(acting, "SHOW default_transaction_isolation")).isEqualTo("serializable");
            assertThat(text(kept, "SHOW application_name")).isEqualTo("billing");
            assertThat(text(kept, "SHOW app.tenant")).isEqualTo("O'Neil \\ Söhne");
            assertThat(text(kept, "SHOW app.init")).isEqualTo("yes");
            assertThat(text(kept, "SHOW statement_timeout")).isEqualTo("0");
            assertThat(text(acting, "SELECT current_user || ' ' || session_user"))
                    .isEqualTo("auditor " + cluster.user());
            assertThat(batch.executeBatch()).containsExactly(1, 1);
            assertThat(count(named)).isEqualTo(2);
            assertThat(text(
                            kept,
                            "SELECT coalesce(current_setting('app.rolled_back', true), '') ||"
                                    + " coalesce(current_setting('app.local', true), '')"))
                    .isEmpty();

            hasItsAttributes(attributed);

            execute(fetching, "SELECT 1");
            assertThat(rows.next()).as("a row that had arrived").isTrue();
            assertThatThrownBy(rows::next)
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("34000"));

            for (Map.Entry<Connection, String> lost : losing.entrySet()) {
                SessionStateLostException told =
                        catchThrowableOfType(SessionStateLostException.class, () -> text(lost.getKey(), "SELECT 1"));
                assertThat(told.getSQLState()).isEqualTo("08S02");
                assertThat(told.getMessage()).contains(lost.getValue());
                assertThat(text(lost.getKey(), "SELECT 1")).isEqualTo("1");
            }

            // The first call moves it, and finds the channel open again.
            assertThat(text(listening, "SELECT 1")).isEqualTo("1");
            assertThat(listening.getWarnings().getMessage()).contains("orders");
            execute(kept, "NOTIFY orders, 'after'");
            assertThat(notifications(listening)).containsExactly("after");
        } finally {
            for (Connection connection : losing.keySet()) {
                connection.close();
            }
        }
    }

    /** What the application wants a value of its own type to be. */
    public static final class Mood extends PGobject {
        private static final long serialVersionUID = 1;
    }

    /** The first of two rows that have arrived of ten; its transaction is over, and with it the cursor. */
    private static ResultSet halfFetched(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        Statement statement = connection.createStatement();
        statement.setFetchSize(2);
        ResultSet rows = statement.executeQuery("SELECT generate_series(1, 10)");
        assertThat(rows.next()).isTrue();
        connection.commit();
        return rows;
    }

    /** Asked of PgJDBC's new connection and of PostgreSQL; pgbaton's own memory would say the same without either. */
    private static void hasItsAttributes(Connection moved) throws SQLException {
        assertThat(text(moved, "SHOW transaction_read_only")).isEqualTo("on");
        assertThatThrownBy(() -> execute(moved, "INSERT INTO session_batch VALUES (0)"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25006"));
        moved.rollback();
        Connection session = (Connection) moved.unwrap(PGConnection.class);
        assertThat(session.isReadOnly()).isTrue();
        assertThat(session.getHoldability()).isEqualTo(ResultSet.HOLD_CURSORS_OVER_COMMIT);
        assertThat(session.getNetworkTimeout()).isEqualTo(123_456);
        assertThat(session.getTypeMap()).isEqualTo(Map.of("mood", Mood.class));
        moved.rollback();
    }

    /** A role that the application may take on. */
    private static void createAuditor(PatroniCluster cluster, String primary) throws SQLException {
        InetSocketAddress address = cluster.postgres(primary);
        try (Connection superuser = DriverManager.getConnection(
                "jdbc:postgresql://" + address.getAddress().getHostAddress() + ":" + address.getPort() + "/"
                        + cluster.database(),
                cluster.superuser(),
                cluster.superuserPassword())) {
            execute(superuser, "DO $$ BEGIN CREATE ROLE auditor; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
            execute(superuser, "GRANT auditor TO " + cluster.user());
        }
    }

    private static int count(PreparedStatement counting) throws SQLException {
        counting.setInt(1, 0);
        try (ResultSet row = counting.executeQuery()) {
            row.next();
            return row.getInt(1);
        }
    }

    private static List<String> notifications(Connection connection) throws SQLException {
        List<String> payloads = new ArrayList<>();
        for (PGNotification each : connection.unwrap(PGConnection.class).getNotifications(20_000)) {
            payloads.add(each.getParameter());
        }
        return payloads;
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
