package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.replay.Step;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * A setter of the connection that ran SQL inside a transaction.
 *
 * @param again does it on another connection
 * @param kept bytes that it keeps alive
 */
record SettingStep(LogicalSession.Setter again, long kept) implements Step {
    private static final int BYTES = 96;

    @Override
    public long bytes() {
        return BYTES + kept;
    }

    @Override
    public boolean answered() {
        return true;
    }

    @Override
    public @Nullable String sql() {
        return null;
    }

    @Override
    public void replay(PgConnection on) throws SQLException {
        again.set(on);
    }

    @Override
    public void adopt(long generation) {}

    @Override
    public void abandon() {}
}
