package io.github.pgbaton.compatibility;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyIn;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;

/** What PgJDBC has beyond JDBC, reached through {@code unwrap}. */
final class PgWorks {
    private static final String NAME = "PgJDBC's own";
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private PgWorks() {}

    static List<Work> all(Routes routes) throws SQLException {
        try (Connection connection = routes.pool().getConnection()) {
            Sql.run(connection, "CREATE TABLE IF NOT EXISTS pg_copied (attempt text)");
            Sql.run(connection, "CREATE TABLE IF NOT EXISTS pg_large (attempt text, content oid)");
        }
        return List.of(
                new Work(NAME, "`LISTEN`, and `unwrap(PGConnection.class)` for each look", null, 0, attempt -> {
                    try (Connection connection = routes.pool().getConnection()) {
                        Sql.run(connection, "LISTEN " + attempt.id());
                        attempt.middle();
                        Sql.run(connection, "SELECT 1");
                        notify(routes, attempt);
                        hear(connection.unwrap(PGConnection.class), attempt);
                    }
                }),
                new Work(NAME, "`LISTEN`, and one `PGConnection` kept", null, 0, attempt -> {
                    try (Connection connection = routes.pool().getConnection()) {
                        Sql.run(connection, "LISTEN " + attempt.id());
                        PGConnection kept = connection.unwrap(PGConnection.class);
                        attempt.middle();
                        Sql.run(connection, "SELECT 1");
                        notify(routes, attempt);
                        hear(kept, attempt);
                    }
                }),
                new Work(NAME, "`COPY ... FROM STDIN` in a transaction", "pg_copied", 2, attempt -> {
                    try (Connection connection = routes.pool().getConnection()) {
                        copy(connection, attempt);
                    }
                }),
                new Work(NAME, "a large object written in a transaction", "pg_large", 1, attempt -> {
                    try (Connection connection = routes.pool().getConnection()) {
                        large(connection, attempt);
                    }
                }));
    }

    private static void copy(Connection connection, Attempt attempt) throws SQLException {
        connection.setAutoCommit(false);
        CopyIn copy = connection.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY pg_copied (attempt) FROM STDIN");
        byte[] line = (attempt.id() + "\n").getBytes(StandardCharsets.UTF_8);
        copy.writeToCopy(line, 0, line.length);
        copy.flushCopy();
        attempt.middle();
        copy.writeToCopy(line, 0, line.length);
        copy.endCopy();
        connection.commit();
    }

    private static void large(Connection connection, Attempt attempt) throws SQLException {
        connection.setAutoCommit(false);
        LargeObjectManager objects = connection.unwrap(PGConnection.class).getLargeObjectAPI();
        long oid = objects.createLO();
        LargeObject object = objects.open(oid);
        object.write("first".getBytes(StandardCharsets.UTF_8));
        attempt.middle();
        object.write("second".getBytes(StandardCharsets.UTF_8));
        object.close();
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO pg_large VALUES (?, ?)")) {
            insert.setString(1, attempt.id());
            insert.setLong(2, oid);
            insert.executeUpdate();
        }
        connection.commit();
    }

    private static void notify(Routes routes, Attempt attempt) throws SQLException {
        try (Connection other = routes.pool().getConnection()) {
            Sql.run(other, "NOTIFY " + attempt.id());
        }
    }

    private static void hear(PGConnection listening, Attempt attempt) throws SQLException {
        if (!heard(listening, attempt)) {
            throw new AssertionError("nothing was heard on " + attempt.id());
        }
    }

    /** Others that are heard are of an earlier attempt: a pool gives back a connection that listens. */
    private static boolean heard(PGConnection listening, Attempt attempt) throws SQLException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        for (long left = PATIENCE.toMillis(); left > 0; left = (end - System.nanoTime()) / 1_000_000) {
            PGNotification[] notifications = listening.getNotifications((int) left);
            if (notifications != null
                    && Arrays.stream(notifications)
                            .anyMatch(notification -> notification.getName().equals(attempt.id()))) {
                return true;
            }
        }
        return false;
    }
}
