package io.github.pgbaton.testkit;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * A standby of local processes that replays no WAL until this is closed, though it receives it and answers queries.
 *
 * <p>By a signal to its startup process, for Patroni resumes a replay that was paused through SQL. Needs a JDBC driver for
 * PostgreSQL on the class path.
 */
public final class HeldReplay implements AutoCloseable {
    private final String pid;

    private HeldReplay(String pid) {
        this.pid = pid;
    }

    /**
     * @param cluster of local processes
     * @param standby its name
     * @return what lets the replay go on
     * @throws ClusterException where the process could not be stopped
     */
    public static HeldReplay of(PatroniCluster cluster, String standby) throws SQLException {
        InetSocketAddress address = cluster.postgres(standby);
        try (Connection connection = DriverManager.getConnection(
                        "jdbc:postgresql://" + address.getHostString() + ":" + address.getPort() + "/"
                                + cluster.database(),
                        cluster.superuser(),
                        cluster.superuserPassword());
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT pid FROM pg_stat_activity WHERE backend_type = 'startup'")) {
            if (!row.next()) {
                throw new ClusterException(standby + " is no standby: it has no startup process");
            }
            HeldReplay held = new HeldReplay(row.getString(1));
            held.signal("STOP");
            return held;
        }
    }

    @Override
    public void close() {
        signal("CONT");
    }

    private void signal(String signal) {
        try {
            Process kill = new ProcessBuilder("sh", "-c", "kill -" + signal + " " + pid)
                    .inheritIO()
                    .start();
            if (kill.waitFor() != 0) {
                throw new ClusterException("SIG" + signal + " did not reach process " + pid);
            }
        } catch (IOException e) {
            throw new ClusterException("the shell did not run", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClusterException("interrupted before process " + pid + " had SIG" + signal);
        }
    }
}
