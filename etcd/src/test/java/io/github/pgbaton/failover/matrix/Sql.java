package io.github.pgbaton.failover.matrix;

import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.testkit.PatroniCluster;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;

/** The few statements of the matrix. */
final class Sql {
    /** A COMMIT that follows an INSERT into {@code deferred} touches {@code gated}, and so waits at the gate. */
    private static final String TABLES = """
            CREATE TABLE IF NOT EXISTS ledger (key text);
            CREATE TABLE IF NOT EXISTS gated (key text);
            CREATE TABLE IF NOT EXISTS deferred (key text);
            CREATE OR REPLACE FUNCTION at_the_gate() RETURNS trigger LANGUAGE plpgsql AS
              $$BEGIN PERFORM 1 FROM gated LIMIT 1; RETURN NULL; END$$;
            DROP TRIGGER IF EXISTS at_the_gate ON deferred;
            CREATE CONSTRAINT TRIGGER at_the_gate AFTER INSERT ON deferred DEFERRABLE INITIALLY DEFERRED
              FOR EACH ROW EXECUTE FUNCTION at_the_gate();
            TRUNCATE ledger, gated, deferred""";

    private Sql() {}

    /** Also the ledger of the driver. */
    static void createTables(PatroniCluster cluster, String primary) throws SQLException {
        try (Connection connection = direct(cluster, primary);
                Statement statement = connection.createStatement()) {
            // Whoever was cut off from the network has not heard that its client is gone, and sits on its locks.
            statement.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    + " WHERE usename = current_user AND pid <> pg_backend_pid()");
            statement.execute(LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
            statement.execute(TABLES);
        }
    }

    /** A session of PgJDBC's own. */
    static Connection direct(PatroniCluster cluster, String member) throws SQLException {
        InetSocketAddress address = cluster.postgres(member);
        Properties properties = new Properties();
        properties.setProperty("user", cluster.user());
        properties.setProperty("password", cluster.password());
        // A member that a fault has silenced must not hang the test.
        properties.setProperty("socketTimeout", "30");
        return DriverManager.getConnection(
                "jdbc:postgresql://" + address.getAddress().getHostAddress() + ":" + address.getPort() + "/"
                        + cluster.database(),
                properties);
    }

    static void insert(Connection connection, String table, String key) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO " + table + " VALUES (?)")) {
            statement.setString(1, key);
            statement.executeUpdate();
        }
    }

    static int count(Connection connection, String table) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM " + table)) {
            row.next();
            return row.getInt(1);
        }
    }

    /** The member that this connection's session is on, as the server itself says. */
    static String memberOf(Connection connection, PatroniCluster cluster) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT host(inet_server_addr()), inet_server_port()")) {
            row.next();
            String host = row.getString(1);
            int port = row.getInt(2);
            return cluster.members().stream()
                    .filter(member -> {
                        InetSocketAddress address = cluster.postgres(member);
                        return address.getAddress().getHostAddress().equals(host) && address.getPort() == port;
                    })
                    .findFirst()
                    .orElseThrow();
        }
    }

    static String state(SQLException e) {
        return String.valueOf(e.getSQLState());
    }
}
