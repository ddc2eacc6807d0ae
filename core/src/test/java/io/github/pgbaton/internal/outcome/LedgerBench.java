package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.scripted.LostStandby;
import io.github.pgbaton.scripted.WireProxy;
import io.github.pgbaton.testkit.PatroniCluster;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.jdbc.PgConnection;

/** One real PostgreSQL with a ledger and a table to write to, behind a proxy; every test begins with both empty. */
final class LedgerBench implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(30);

    final WireProxy proxy;
    private final PatroniCluster cluster;
    private final InetSocketAddress postgres;
    private final List<AutoCloseable> opened = new ArrayList<>();
    private Connection admin;

    LedgerBench(PatroniCluster cluster) throws Exception {
        this.cluster = cluster;
        this.postgres = cluster.postgres("node1");
        this.proxy = new WireProxy(postgres);
        this.admin = keep(DriverManager.getConnection(plainUrl(), cluster.superuser(), cluster.superuserPassword()));
        // What tidies up must not wait for a standby that a test has taken away.
        asAdmin("SET synchronous_commit TO local");
        asAdmin("ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()", "DROP SCHEMA IF EXISTS pgbaton CASCADE");
        asAdmin("DROP TABLE IF EXISTS work");
        asAdmin(LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
        asAdmin("CREATE TABLE work (id int PRIMARY KEY, note text)", "GRANT ALL ON work TO PUBLIC");
    }

    String plainUrl() {
        return "jdbc:postgresql://" + postgres.getHostString() + ":" + postgres.getPort() + "/" + cluster.database();
    }

    /** A reference to the cluster through the proxy, without a leader source. */
    ClusterRef cluster(String parameters) throws SQLException {
        ConnectionSpec spec = ConnectionSpec.parse(
                "jdbc:pgbaton:postgresql://" + proxy.address() + "/" + cluster.database() + "?user=" + cluster.user()
                        + "&password=" + cluster.password() + "&failoverTimeout=20s" + parameters,
                null);
        ClusterRef ref = ClusterRef.acquire(spec);
        opened.add(ref::release);
        return ref;
    }

    OpenSession open(ClusterRef ref) throws SQLException {
        OpenSession session = ref.open(Deadline.in(PATIENCE));
        opened.add(() -> ref.discard(session));
        return session;
    }

    /** A session in a transaction that has written one row. */
    OpenSession writing(ClusterRef ref, int id) throws SQLException {
        OpenSession session = open(ref);
        begin(session.connection(), id);
        return session;
    }

    static void begin(PgConnection connection, int id) throws SQLException {
        connection.setAutoCommit(false);
        run(connection, "INSERT INTO work VALUES (" + id + ")");
    }

    static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    void asAdmin(String... sql) throws SQLException {
        for (String one : sql) {
            run(admin, one);
        }
    }

    /** Another connection of the superuser, past the proxy. */
    Connection another() throws SQLException {
        return keep(DriverManager.getConnection(plainUrl(), cluster.superuser(), cluster.superuserPassword()));
    }

    /** After a crash, which ends the superuser's session too. */
    void reconnect() {
        org.awaitility.Awaitility.await().atMost(PATIENCE).ignoreExceptions().until(() -> {
            admin = keep(DriverManager.getConnection(plainUrl(), cluster.superuser(), cluster.superuserPassword()));
            return "f".equals(value("SELECT pg_is_in_recovery()"));
        });
    }

    /** A COMMIT waits from now on for a standby that does not exist; as long as until {@link #standbyIsBack}. */
    void loseStandby() throws SQLException {
        LostStandby.take(
                admin,
                () -> DriverManager.getConnection(plainUrl(), cluster.superuser(), cluster.superuserPassword()),
                PATIENCE);
    }

    void standbyIsBack() throws SQLException {
        asAdmin("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");
    }

    void awaitSyncWait(int backends) {
        awaitTrue("SELECT count(*) >= " + backends + " FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    }

    void awaitTrue(String question) {
        org.awaitility.Awaitility.await()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(10))
                .until(() -> "t".equals(value(question)));
    }

    String value(String question) throws SQLException {
        try (Statement statement = admin.createStatement();
                ResultSet row = statement.executeQuery(question)) {
            return row.next() ? String.valueOf(row.getString(1)) : "none";
        }
    }

    boolean committed(int id) throws SQLException {
        return "t".equals(value("SELECT EXISTS (SELECT FROM work WHERE id = " + id + ")"));
    }

    String kinds() throws SQLException {
        return value("SELECT coalesce(string_agg(kind::text, '' ORDER BY at), '') FROM pgbaton.tx");
    }

    <T extends AutoCloseable> T keep(T closeable) {
        opened.add(closeable);
        return closeable;
    }

    @Override
    public void close() throws Exception {
        standbyIsBack();
        proxy.close();
        for (int i = opened.size() - 1; i >= 0; i--) {
            opened.get(i).close();
        }
    }
}
