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
 * A connection through a proxy that cuts its session at one exact message, to one real PostgreSQL with the ledger; each test
 * begins with settings, a ledger and a proxy that none has touched.
 */
abstract class OnWire {
    static final Duration PATIENCE = Duration.ofSeconds(90);

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER =
            PatroniClusterExtension.local(builder -> builder.members(1).synchronousMode(false));

    private final String table;
    PatroniCluster cluster;
    WireProxy proxy;
    Connection admin;
    BatonDataSource source;
    Connection connection;

    /** @param table whose {@code v} are {@link #rows}; the sessions have its name, too */
    OnWire(String table) {
        this.table = table;
    }

    @BeforeEach
    void open() throws Exception {
        cluster = CLUSTER.cluster();
        proxy = new WireProxy(cluster.postgres("node1"));
        admin = superuser();
        asAdmin("SET synchronous_commit TO local", "ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()");
        asAdmin("DROP SCHEMA IF EXISTS pgbaton CASCADE");
        asAdmin(LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
    }

    void connect(String parameters) throws SQLException {
        if (source != null) {
            connection.close();
            source.close();
        }
        source = new BatonDataSource("jdbc:pgbaton:postgresql://" + proxy.address() + "/" + cluster.database()
                + "?ApplicationName=" + table + parameters
                + (parameters.contains("failoverTimeout=") ? "" : "&failoverTimeout=90s"));
        source.setUser(cluster.user());
        source.setPassword(cluster.password());
        connection = source.getConnection();
    }

    @AfterEach
    void close() throws Exception {
        admin.close();
        // A test may have ended the administrator's session with all others.
        try (Connection last = superuser()) {
            run(last, "ALTER SYSTEM RESET synchronous_standby_names");
            run(last, "SELECT pg_reload_conf()");
        }
        proxy.close();
        connection.close();
        source.close();
    }

    Connection superuser() throws SQLException {
        InetSocketAddress postgres = cluster.postgres("node1");
        return DriverManager.getConnection(
                "jdbc:postgresql://" + postgres.getHostString() + ":" + postgres.getPort() + "/" + cluster.database(),
                cluster.superuser(),
                cluster.superuserPassword());
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
                ResultSet row = statement.executeQuery("SELECT v FROM " + table + " ORDER BY v")) {
            while (row.next()) {
                rows.add(row.getString(1));
            }
        }
        return rows;
    }
}
