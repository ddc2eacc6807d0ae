package io.github.pgbaton.internal.jdbc;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** One row of parameters, or all of a batch, as they were when they were sent; nothing changes them any more. */
final class BoundRows {
    private final ParameterSlots slots;
    private final int @Nullable [] ends;

    /** @param ends where each row of a batch ends, null for a single row */
    BoundRows(ParameterSlots slots, int @Nullable [] ends) {
        this.slots = slots;
        this.ends = ends;
    }

    /** Binds the row, or adds the batch. */
    void bind(PreparedStatement made) throws SQLException {
        made.clearParameters();
        if (ends != null) {
            made.clearBatch();
            addBatch(slots, ends, ends.length, made);
            return;
        }
        for (int slot = 0; slot < slots.size(); slot++) {
            slots.applyTo(slot, made, slot + 1);
        }
    }

    static void addBatch(ParameterSlots slots, int[] ends, int rows, PreparedStatement made) throws SQLException {
        int slot = 0;
        for (int row = 0; row < rows; row++) {
            for (int parameter = 1; slot < ends[row]; slot++, parameter++) {
                slots.applyTo(slot, made, parameter);
            }
            made.addBatch();
        }
    }
}
