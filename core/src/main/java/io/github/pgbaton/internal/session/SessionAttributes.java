package io.github.pgbaton.internal.session;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The JDBC attributes an application set on its connection, so that the next session gets the same ones; an attribute
 * never set is left as the server and the URL give it.
 *
 * <p>What SQL text can set as well, as the schema and the isolation level, is not here but in {@link SessionState}, where the last word counts.
 *
 * <p>Not thread-safe: lives on the thread that uses the connection. Autocommit is not among them, it belongs to the
 * transaction's state.
 */
public final class SessionAttributes {
    private @Nullable Boolean readOnly;
    private @Nullable Integer holdability;
    private @Nullable Integer networkTimeoutMillis;
    private @Nullable Executor networkTimeoutExecutor;
    private @Nullable Map<String, Class<?>> typeMap;

    public void readOnly(boolean value) {
        readOnly = value;
    }

    /** @return what was set, null when nothing was */
    public @Nullable Boolean readOnly() {
        return readOnly;
    }

    public void holdability(int value) {
        holdability = value;
    }

    /** @return what was set, null when nothing was */
    public @Nullable Integer holdability() {
        return holdability;
    }

    public void networkTimeout(Executor executor, int millis) {
        networkTimeoutExecutor = executor;
        networkTimeoutMillis = millis;
    }

    /** @return what was set, null when nothing was */
    public @Nullable Integer networkTimeoutMillis() {
        return networkTimeoutMillis;
    }

    public void typeMap(Map<String, Class<?>> value) {
        typeMap = value;
    }

    /**
     * Gives a new session what the application had set.
     *
     * @param fresh a session outside a transaction
     * @throws SQLException what the session says to it
     */
    public void restore(Connection fresh) throws SQLException {
        if (networkTimeoutMillis != null) {
            fresh.setNetworkTimeout(networkTimeoutExecutor, networkTimeoutMillis);
        }
        if (readOnly != null) {
            fresh.setReadOnly(readOnly);
        }
        if (holdability != null) {
            fresh.setHoldability(holdability);
        }
        if (typeMap != null) {
            fresh.setTypeMap(typeMap);
        }
    }
}
