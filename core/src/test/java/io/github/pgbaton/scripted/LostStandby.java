package io.github.pgbaton.scripted;

import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.Callable;

/**
 * A server whose every COMMIT waits for a standby that does not exist. That its settings say so is not enough: whether a
 * COMMIT waits at all is told to the backends by the checkpointer, once that has read them.
 */
public final class LostStandby {
    private LostStandby() {}

    /** @param superuser makes connections that wait as anybody's do */
    public static void take(Connection admin, Callable<Connection> superuser, Duration patience) throws SQLException {
        try (Statement statement = admin.createStatement()) {
            statement.execute("ALTER SYSTEM SET synchronous_standby_names TO 'nobody'");
            statement.execute("SELECT pg_reload_conf()");
        }
        await("a commit waits").atMost(patience).until(() -> aCommitWaits(superuser));
    }

    private static boolean aCommitWaits(Callable<Connection> superuser) throws Exception {
        try (Connection probe = superuser.call();
                Statement statement = probe.createStatement()) {
            statement.setQueryTimeout(1);
            statement.execute("SELECT pg_logical_emit_message(true, 'probe', '')");
            // A wait that was cancelled is a warning, for the commit is done.
            return statement.getWarnings() != null;
        }
    }
}
