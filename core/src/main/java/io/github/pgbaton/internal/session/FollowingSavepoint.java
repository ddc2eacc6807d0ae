package io.github.pgbaton.internal.session;

import io.github.pgbaton.internal.replay.Footprint;
import io.github.pgbaton.internal.replay.Step;
import java.sql.SQLException;
import java.sql.Savepoint;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * A point of a transaction to go back to, which stays the same object when the transaction is replayed: PgJDBC counts
 * unnamed ones per connection, so that the same number means another point on the next one.
 *
 * <p>Lives on the thread that uses the connection.
 */
public final class FollowingSavepoint implements Savepoint {
    /** What was done with it. */
    private enum Act {
        SET,
        ROLLED_BACK_TO,
        RELEASED
    }

    private final @Nullable String name;
    private Savepoint raw;

    private FollowingSavepoint(@Nullable String name, Savepoint raw) {
        this.name = name;
        this.raw = raw;
    }

    static FollowingSavepoint on(PgConnection connection, @Nullable String name) throws SQLException {
        return new FollowingSavepoint(name, make(connection, name));
    }

    private static Savepoint make(PgConnection connection, @Nullable String name) throws SQLException {
        return name == null ? connection.setSavepoint() : connection.setSavepoint(name);
    }

    /** PgJDBC's of the session of now. */
    Savepoint raw() {
        return raw;
    }

    /** What SQL text calls it, or itself: text and JDBC may go back to the same point. */
    static Object key(Savepoint savepoint) {
        return savepoint instanceof FollowingSavepoint ours && ours.name != null ? ours.name : savepoint;
    }

    static Savepoint raw(Savepoint savepoint) {
        return savepoint instanceof FollowingSavepoint ours ? ours.raw : savepoint;
    }

    @Override
    public int getSavepointId() throws SQLException {
        return raw.getSavepointId();
    }

    @Override
    public String getSavepointName() throws SQLException {
        return raw.getSavepointName();
    }

    Step set() {
        return new Done(this, Act.SET);
    }

    Step rolledBackTo() {
        return new Done(this, Act.ROLLED_BACK_TO);
    }

    Step released() {
        return new Done(this, Act.RELEASED);
    }

    private record Done(FollowingSavepoint savepoint, Act act) implements Step {
        private static final int BYTES = 64;
        private static final int SAVEPOINT_BYTES = 64;

        @Override
        public long bytes() {
            return BYTES + (act == Act.SET ? SAVEPOINT_BYTES + Footprint.of(savepoint.name) : 0);
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
            switch (act) {
                case SET -> savepoint.raw = make(on, savepoint.name);
                case ROLLED_BACK_TO -> on.rollback(savepoint.raw);
                case RELEASED -> on.releaseSavepoint(savepoint.raw);
            }
        }

        @Override
        public void adopt(long generation) {}

        @Override
        public void abandon() {}
    }
}
