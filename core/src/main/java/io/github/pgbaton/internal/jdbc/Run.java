package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.replay.Counts;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/** By which method an application ran a statement: run again by another, it could fail where it had succeeded. */
enum Run {
    EXECUTE,
    QUERY,
    UPDATE,
    LARGE_UPDATE,
    BATCH,
    LARGE_BATCH;

    /**
     * Runs a statement again.
     *
     * @param raw PgJDBC's
     * @param sql null where the statement was prepared with it or holds a batch
     * @param keys which generated keys are wanted: null, a number, indexes or names
     * @return a digest of the counts of a batch, 0 else
     */
    long on(Statement raw, @Nullable String sql, @Nullable Object keys) throws SQLException {
        switch (this) {
            case BATCH -> {
                return Counts.digest(raw.executeBatch());
            }
            case LARGE_BATCH -> {
                return Counts.digest(raw.executeLargeBatch());
            }
            default -> {
                if (sql == null) {
                    prepared((PreparedStatement) raw);
                } else if (keys == null) {
                    plain(raw, sql);
                } else {
                    withKeys(raw, sql, keys);
                }
                return 0;
            }
        }
    }

    private void prepared(PreparedStatement raw) throws SQLException {
        switch (this) {
            case QUERY -> raw.executeQuery();
            case UPDATE -> raw.executeUpdate();
            case LARGE_UPDATE -> raw.executeLargeUpdate();
            default -> raw.execute();
        }
    }

    private void plain(Statement raw, String sql) throws SQLException {
        switch (this) {
            case QUERY -> raw.executeQuery(sql);
            case UPDATE -> raw.executeUpdate(sql);
            case LARGE_UPDATE -> raw.executeLargeUpdate(sql);
            default -> raw.execute(sql);
        }
    }

    private void withKeys(Statement raw, String sql, Object keys) throws SQLException {
        if (keys instanceof Integer flag) {
            switch (this) {
                case UPDATE -> raw.executeUpdate(sql, flag);
                case LARGE_UPDATE -> raw.executeLargeUpdate(sql, flag);
                default -> raw.execute(sql, flag);
            }
        } else if (keys instanceof int[] indexes) {
            switch (this) {
                case UPDATE -> raw.executeUpdate(sql, indexes);
                case LARGE_UPDATE -> raw.executeLargeUpdate(sql, indexes);
                default -> raw.execute(sql, indexes);
            }
        } else {
            String[] names = (String[]) keys;
            switch (this) {
                case UPDATE -> raw.executeUpdate(sql, names);
                case LARGE_UPDATE -> raw.executeLargeUpdate(sql, names);
                default -> raw.execute(sql, names);
            }
        }
    }
}
