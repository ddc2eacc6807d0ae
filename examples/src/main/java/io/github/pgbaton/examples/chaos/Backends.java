package io.github.pgbaton.examples.chaos;

import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.PatroniCluster;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The application's backends on one member, as its superuser sees them; never its own. */
final class Backends implements AutoCloseable {
    private static final Duration ENOUGH = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(3);

    private final Connection connection;
    private final String user;

    private Backends(Connection connection, String user) {
        this.connection = connection;
        this.user = user;
    }

    static Backends of(PatroniCluster cluster, String member) throws SQLException {
        InetSocketAddress address = cluster.postgres(member);
        String url = "jdbc:postgresql://%s:%d/%s?connectTimeout=5&socketTimeout=5"
                .formatted(address.getAddress().getHostAddress(), address.getPort(), cluster.database());
        return new Backends(
                DriverManager.getConnection(url, cluster.superuser(), cluster.superuserPassword()), cluster.user());
    }

    void terminateAll() throws SQLException {
        // In one WHERE the planner is free to end sessions first and to look whose they were afterwards.
        pids("WITH theirs AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE usename = ?)"
                + " SELECT pid FROM theirs WHERE pg_terminate_backend(pid)");
    }

    /** Waits until commits stand still, a moment longer for more of them, and names their backends. */
    List<Long> awaitCommitsInSyncWait() throws SQLException, InterruptedException {
        for (long begin = System.nanoTime(); ; ) {
            List<Long> waiting = pids("SELECT pid FROM pg_stat_activity WHERE usename = ? AND wait_event = 'SyncRep'");
            long passed = System.nanoTime() - begin;
            if (!waiting.isEmpty() && passed > ENOUGH.toNanos()) {
                return waiting;
            }
            if (passed > LONGEST.toNanos()) {
                throw new ClusterException("no COMMIT waits for the frozen standby");
            }
            Thread.sleep(20);
        }
    }

    /** What each of them is at, one a line, for whoever has to find out what they wait for. */
    List<String> activity() throws SQLException {
        List<String> lines = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement("SELECT pid, state, wait_event_type, wait_event,"
                + " date_trunc('second', clock_timestamp() - xact_start), pg_blocking_pids(pid)::text, left(query, 80)"
                + " FROM pg_stat_activity WHERE usename = ? ORDER BY xact_start")) {
            select.setString(1, user);
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    lines.add("pid %s %s, waits for %s %s, in a transaction for %s, blocked by %s: %s"
                            .formatted(
                                    rows.getString(1),
                                    rows.getString(2),
                                    rows.getString(3),
                                    rows.getString(4),
                                    rows.getString(5),
                                    rows.getString(6),
                                    rows.getString(7)));
                }
            }
        }
        return lines;
    }

    private List<Long> pids(String sql) throws SQLException {
        List<Long> pids = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setString(1, user);
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    pids.add(rows.getLong(1));
                }
            }
        }
        return pids;
    }

    /** The cluster is one of local processes. One that has ended meanwhile is left out by kill itself. */
    static void signal(String signal, List<Long> pids) throws InterruptedException {
        if (pids.isEmpty()) {
            return;
        }
        // The shell's own kill: the program is in a package that a small system does without.
        String kill = pids.stream().map(String::valueOf).collect(Collectors.joining(" ", "kill -" + signal + " ", ""));
        try {
            new ProcessBuilder("sh", "-c", kill)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new ClusterException("kill could not be run", e);
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
