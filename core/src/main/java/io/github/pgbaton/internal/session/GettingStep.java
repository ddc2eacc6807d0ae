package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.replay.Footprint;
import io.github.pgbaton.internal.replay.ReplayMismatchException;
import io.github.pgbaton.internal.replay.Step;
import java.sql.SQLException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * A getter of the connection, or of a statement, that asked the server inside a transaction; asked again it must give the same answer.
 *
 * @param again asks another connection
 * @param answer that the application got
 * @param kept bytes that the question keeps alive
 */
record GettingStep(LogicalSession.Getter again, @Nullable Object answer, long kept) implements Step {
    private static final int BYTES = 96;

    @Override
    public long bytes() {
        return BYTES + kept + Footprint.of(answer);
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
        if (!Objects.equals(answer, again.get(on))) {
            throw new ReplayMismatchException("a getter gave another answer than the one seen before");
        }
    }

    @Override
    public void adopt(long generation) {}

    @Override
    public void abandon() {}
}
