package io.github.pgbaton.driver;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.scripted.WireProxy;
import io.github.pgbaton.scripted.WireProxy.Action;
import io.github.pgbaton.scripted.WireProxy.Sent;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Tests of statements in autocommit mode on one real PostgreSQL, behind a proxy that cuts a session at one exact message; each
 * begins with tables that show what was done twice.
 */
abstract class AutocommitOnWire {
    static final Duration PATIENCE = Duration.ofSeconds(90);
    static final String ON = "&autocommitReplay=on";

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER =
            PatroniClusterExtension.local(builder -> builder.members(1).synchronousMode(false));

    PatroniCluster cluster;
    WireProxy proxy;
    Connection admin;
    Connection connection;
    private BatonDataSource source;

    @BeforeEach
    void open() throws Exception {
        cluster = CLUSTER.cluster();
        proxy = new WireProxy(cluster.postgres("node1"));
        admin = superuser();
        asAdmin("SET synchronous_commit TO local", "ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()");
        asAdmin(
                "DROP SCHEMA IF EXISTS pgbaton CASCADE",
                "DROP TABLE IF EXISTS alone CASCADE",
                "DROP VIEW IF EXISTS alone_view CASCADE");
        asAdmin("DROP OPERATOR IF EXISTS <!!> (int, int)");
        asAdmin(LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
        // Without a unique key: what is done twice is there twice.
        asAdmin(
                "CREATE TABLE alone (id serial, v text, parent text)",
                "CREATE OR REPLACE FUNCTION alone_writes(text) RETURNS text LANGUAGE sql VOLATILE AS"
                        + " $$ INSERT INTO alone (v) VALUES ($1) RETURNING v $$",
                "CREATE OR REPLACE FUNCTION alone_reads(text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT $1 $$",
                "CREATE VIEW alone_view AS SELECT alone_writes('view') AS v",
                "CREATE VIEW alone_outer AS SELECT v FROM alone_view",
                "CREATE VIEW alone_plain AS SELECT v, random() FROM alone",
                "GRANT ALL ON alone, alone_id_seq, alone_view, alone_outer, alone_plain TO PUBLIC");
        connect(ON);
    }

    Connection superuser() throws SQLException {
        InetSocketAddress postgres = cluster.postgres("node1");
        return DriverManager.getConnection(
                "jdbc:postgresql://" + postgres.getHostString() + ":" + postgres.getPort() + "/" + cluster.database(),
                cluster.superuser(),
                cluster.superuserPassword());
    }

    void connect(String parameters) throws SQLException {
        if (source != null) {
            connection.close();
            source.close();
        }
        source = new BatonDataSource("jdbc:pgbaton:postgresql://" + proxy.address() + "/" + cluster.database()
                + "?failoverTimeout=90s&ApplicationName=alone" + parameters);
        source.setUser(cluster.user());
        source.setPassword(cluster.password());
        connection = source.getConnection();
        run("SELECT 1");
    }

    @AfterEach
    void close() throws Exception {
        asAdmin("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");
        admin.close();
        proxy.close();
        connection.close();
        source.close();
    }

    static String insert(String value) {
        return "INSERT INTO alone (v) VALUES ('" + value + "')";
    }

    static boolean executes(Sent sent, String sql) {
        return (sent.type() == 'E' || sent.type() == 'Q') && sent.sql().trim().startsWith(sql);
    }

    static boolean commits(Sent sent) {
        return sent.type() == 'B' && sent.sql().contains("INSERT INTO pgbaton.tx(token) SELECT");
    }

    AtomicBoolean once(Predicate<Sent> at, Action action) {
        AtomicBoolean done = new AtomicBoolean();
        proxy.script(sent -> at.test(sent) && !done.getAndSet(true) ? action : Action.FORWARD);
        return done;
    }

    void asAdmin(String... sql) throws SQLException {
        for (String one : sql) {
            run(admin, one);
        }
    }

    void run(String sql) throws SQLException {
        run(connection, sql);
    }

    static void run(Connection on, String sql) throws SQLException {
        try (Statement statement = on.createStatement()) {
            statement.execute(sql);
        }
    }

    String text(String sql) throws SQLException {
        return text(connection, sql);
    }

    static String text(Connection on, String sql) throws SQLException {
        try (Statement statement = on.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    List<String> rows() throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Statement statement = admin.createStatement();
                ResultSet row = statement.executeQuery("SELECT v FROM alone ORDER BY v")) {
            while (row.next()) {
                rows.add(row.getString(1));
            }
        }
        return rows;
    }
}
