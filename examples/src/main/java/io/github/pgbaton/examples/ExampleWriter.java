package io.github.pgbaton.examples;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Writes rows with plain JDBC as a careful application does: when {@link #write} returns, the row is in the database.
 *
 * <p>It knows neither pgbaton nor any other driver, only SQLStates. Not thread-safe: one thread, one writer.
 */
public final class ExampleWriter implements AutoCloseable {
    private static final String INSERT = "INSERT INTO example(key) VALUES (?)";
    // Not the answer of a look-up on a member that is still being promoted: an INSERT runs on a primary only.
    private static final String INSERT_UNLESS_THERE =
            "INSERT INTO example(key) SELECT k FROM (SELECT ?::text) AS new(k)"
                    + " WHERE NOT EXISTS (SELECT FROM example WHERE key = k)";
    private static final long RECONNECT_PAUSE_MILLIS = 100;

    private final Source source;
    private final Listener listener;
    private @Nullable Connection connection;

    public ExampleWriter(Source source, Listener listener) {
        this.source = source;
        this.listener = listener;
    }

    /** Opens connections: a data source or the DriverManager with a URL. */
    public interface Source {
        Connection open() throws SQLException;
    }

    /** Is told of every error that reached the application. */
    public interface Listener {
        void failed(SQLException error, boolean commitUnknown);
    }

    /** How a row got where it is. */
    public enum Outcome {
        /** A COMMIT was acknowledged. */
        COMMITTED,
        /** No COMMIT was acknowledged, but the row of one of them was there afterwards. */
        FOUND
    }

    /** Returns when the row is there, however long it takes. */
    public Outcome write(String key) throws InterruptedException {
        boolean inDoubt = false;
        while (true) {
            boolean committing = false;
            try {
                Connection now = connection();
                int rows = insert(now, inDoubt ? INSERT_UNLESS_THERE : INSERT, key);
                committing = true;
                now.commit();
                return rows == 1 ? Outcome.COMMITTED : Outcome.FOUND;
            } catch (SQLException e) {
                // A COMMIT that failed may have happened. Running the transaction again as if it had not would write
                // the row twice, so from now on we look first.
                boolean unknown = committing && !certainlyRolledBack(e);
                inDoubt |= unknown;
                listener.failed(e, unknown);
                recover(e);
            }
        }
    }

    /** Class 40 says that the transaction was rolled back, class 23 that a constraint refused it; 40003 says neither. */
    static boolean certainlyRolledBack(SQLException error) {
        String state = String.valueOf(error.getSQLState());
        return state.startsWith("23") || (state.startsWith("40") && !state.equals("40003"));
    }

    private void recover(SQLException error) throws InterruptedException {
        if (connection != null && certainlyRolledBack(error)) {
            try {
                connection.rollback();
                return;
            } catch (SQLException e) {
                listener.failed(e, false);
            }
        }
        close();
        Thread.sleep(RECONNECT_PAUSE_MILLIS);
    }

    private Connection connection() throws SQLException {
        if (connection == null) {
            connection = source.open();
            connection.setAutoCommit(false);
        }
        return connection;
    }

    private static int insert(Connection connection, String sql, String key) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(sql)) {
            insert.setString(1, key);
            return insert.executeUpdate();
        }
    }

    @Override
    public void close() {
        try (Connection old = connection) {
            connection = null;
        } catch (SQLException e) {
            // It is broken, which is why it is closed.
        }
    }
}
