package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.replay.Footprint;
import io.github.pgbaton.internal.sql.Effects;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an application set on a statement and the SQL texts in its batch; a setting never set is left as a new statement
 * has it.
 */
final class StatementSettings {
    private static final int FETCH_SIZE = 1;
    private static final int MAX_ROWS = 1 << 1;
    private static final int LARGE_MAX_ROWS = 1 << 2;
    private static final int QUERY_TIMEOUT = 1 << 3;
    private static final int MAX_FIELD_SIZE = 1 << 4;
    private static final int ESCAPES = 1 << 5;
    private static final int POOLABLE = 1 << 6;
    private static final int CLOSE_ON_COMPLETION = 1 << 7;
    private static final int FETCH_DIRECTION = 1 << 8;
    private static final int CURSOR_NAME = 1 << 9;

    private int set;
    private int fetchSize;
    private long maxRows;
    private int queryTimeout;
    private int maxFieldSize;
    private boolean escapes;
    private boolean poolable;
    private int fetchDirection;
    private @Nullable String cursorName;
    private @Nullable List<String> batch;
    /** A copy without the batch, as long as nothing changes. */
    private @Nullable StatementSettings copy;

    /** The settings of now without the batch, for a step of the journal; the same object until one of them changes. */
    StatementSettings copy() {
        StatementSettings known = copy;
        if (known == null) {
            known = new StatementSettings();
            known.set = set;
            known.fetchSize = fetchSize;
            known.maxRows = maxRows;
            known.queryTimeout = queryTimeout;
            known.maxFieldSize = maxFieldSize;
            known.escapes = escapes;
            known.poolable = poolable;
            known.fetchDirection = fetchDirection;
            known.cursorName = cursorName;
            copy = known;
        }
        return known;
    }

    /** The texts of the batch as they are now. */
    List<String> texts() {
        return batch == null ? List.of() : List.copyOf(batch);
    }

    private void changed(int setting) {
        set |= setting;
        copy = null;
    }

    void setFetchSize(int rows) {
        fetchSize = rows;
        changed(FETCH_SIZE);
    }

    void setMaxRows(int max) {
        maxRows = max;
        set &= ~LARGE_MAX_ROWS;
        changed(MAX_ROWS);
    }

    void setLargeMaxRows(long max) {
        maxRows = max;
        set &= ~MAX_ROWS;
        changed(LARGE_MAX_ROWS);
    }

    void setQueryTimeout(int seconds) {
        queryTimeout = seconds;
        changed(QUERY_TIMEOUT);
    }

    void setMaxFieldSize(int max) {
        maxFieldSize = max;
        changed(MAX_FIELD_SIZE);
    }

    void setEscapeProcessing(boolean enable) {
        escapes = enable;
        changed(ESCAPES);
    }

    void setPoolable(boolean value) {
        poolable = value;
        changed(POOLABLE);
    }

    void closeOnCompletion() {
        changed(CLOSE_ON_COMPLETION);
    }

    void setFetchDirection(int direction) {
        fetchDirection = direction;
        changed(FETCH_DIRECTION);
    }

    void setCursorName(@Nullable String name) {
        cursorName = name;
        changed(CURSOR_NAME);
    }

    void addBatch(String sql) {
        if (batch == null) {
            batch = new ArrayList<>();
        }
        batch.add(sql);
    }

    void clearBatch() {
        if (batch != null) {
            batch.clear();
        }
    }

    /** @return how many texts the batch has */
    int batchSize() {
        return batch == null ? 0 : batch.size();
    }

    /** @return the bytes that the texts of the batch keep alive, roughly */
    long batchBytes() {
        long sum = 0;
        if (batch != null) {
            for (String sql : batch) {
                sum += Integer.BYTES + Footprint.of(sql);
            }
        }
        return sum;
    }

    /** @return seconds, 0 where there is no limit */
    int queryTimeout() {
        return queryTimeout;
    }

    /** @return what the texts of the batch do beyond rows */
    Effects batchEffects() {
        Effects effects = Effects.NONE;
        if (batch != null) {
            for (String sql : batch) {
                effects = Effects.both(effects, Effects.of(sql));
            }
        }
        return effects;
    }

    /** @return the first text of a batch, empty where it has none */
    String batchText() {
        return batch == null || batch.isEmpty() ? "" : batch.get(0);
    }

    /** @return all texts of a batch, as one text of several statements; empty where it has none */
    String wholeBatchText() {
        return batch == null ? "" : String.join(";\n", batch);
    }

    /** @param made a statement made just now */
    void applyTo(Statement made) throws SQLException {
        if ((set & FETCH_SIZE) != 0) {
            made.setFetchSize(fetchSize);
        }
        if ((set & MAX_ROWS) != 0) {
            made.setMaxRows((int) maxRows);
        }
        if ((set & LARGE_MAX_ROWS) != 0) {
            made.setLargeMaxRows(maxRows);
        }
        if ((set & QUERY_TIMEOUT) != 0) {
            made.setQueryTimeout(queryTimeout);
        }
        if ((set & MAX_FIELD_SIZE) != 0) {
            made.setMaxFieldSize(maxFieldSize);
        }
        if ((set & ESCAPES) != 0) {
            made.setEscapeProcessing(escapes);
        }
        if ((set & POOLABLE) != 0) {
            made.setPoolable(poolable);
        }
        if ((set & CLOSE_ON_COMPLETION) != 0) {
            made.closeOnCompletion();
        }
        if ((set & FETCH_DIRECTION) != 0) {
            made.setFetchDirection(fetchDirection);
        }
        if ((set & CURSOR_NAME) != 0) {
            made.setCursorName(cursorName);
        }
        if (batch != null) {
            // After the settings: escapes are processed as a text is added.
            for (String sql : batch) {
                made.addBatch(sql);
            }
        }
    }
}
