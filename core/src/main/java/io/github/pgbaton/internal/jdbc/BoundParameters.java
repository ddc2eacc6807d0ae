package io.github.pgbaton.internal.jdbc;

import static io.github.pgbaton.internal.jdbc.ParameterSlots.ARRAY;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.BIG_DECIMAL;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.BOOLEAN;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.BYTE;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.BYTES;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.DATE;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.DATE_CALENDAR;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.DOUBLE;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.FLOAT;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.INT;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.LONG;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.LOST;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.NSTRING;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.NULL;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.NULL_NAMED;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.OBJECT;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.OBJECT_SQLTYPE;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.OBJECT_SQLTYPE_SCALE;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.OBJECT_TYPE;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.OBJECT_TYPE_SCALE;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.REF;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.ROW_ID;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.SHORT;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.SQL_XML;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.STREAM;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.STRING;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.TIME;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.TIMESTAMP;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.TIMESTAMP_CALENDAR;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.TIME_CALENDAR;
import static io.github.pgbaton.internal.jdbc.ParameterSlots.URL_VALUE;

import java.math.BigDecimal;
import java.net.URL;
import java.sql.Array;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.Ref;
import java.sql.RowId;
import java.sql.SQLException;
import java.sql.SQLType;
import java.sql.SQLXML;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;
import java.util.Arrays;
import java.util.Calendar;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgArray;
import org.postgresql.jdbc.PgSQLXML;

/**
 * What was bound to a prepared statement, and the rows of its batch; a setter here is called after the delegate took the
 * same call, and allocates nothing once its slot exists.
 *
 * <p>Streams, readers and large objects are read once. Their slots are marked; a statement made anew goes without them and
 * does not run until they are bound again: see {@link #check}.
 */
final class BoundParameters {
    private final BatonPreparedStatement owner;
    private final ParameterSlots current = new ParameterSlots();
    private boolean lost;
    private @Nullable ParameterSlots batch;
    private int[] batchEnds = new int[8];
    private int batchSize;
    private boolean batchLost;

    BoundParameters(BatonPreparedStatement owner) {
        this.owner = owner;
    }

    void setNull(int index, int type) {
        current.put(index - 1, NULL, 0, type, null, null);
    }

    void setNull(int index, int type, @Nullable String typeName) {
        current.put(index - 1, NULL_NAMED, 0, type, null, typeName);
    }

    void setBoolean(int index, boolean value) {
        current.put(index - 1, BOOLEAN, value ? 1 : 0, 0, null, null);
    }

    void setByte(int index, byte value) {
        current.put(index - 1, BYTE, value, 0, null, null);
    }

    void setShort(int index, short value) {
        current.put(index - 1, SHORT, value, 0, null, null);
    }

    void setInt(int index, int value) {
        current.put(index - 1, INT, value, 0, null, null);
    }

    void setLong(int index, long value) {
        current.put(index - 1, LONG, value, 0, null, null);
    }

    void setFloat(int index, float value) {
        current.put(index - 1, FLOAT, Float.floatToRawIntBits(value), 0, null, null);
    }

    void setDouble(int index, double value) {
        current.put(index - 1, DOUBLE, Double.doubleToRawLongBits(value), 0, null, null);
    }

    void setBigDecimal(int index, @Nullable BigDecimal value) {
        current.put(index - 1, BIG_DECIMAL, 0, 0, value, null);
    }

    void setString(int index, @Nullable String value) {
        current.put(index - 1, STRING, 0, 0, value, null);
    }

    void setNString(int index, @Nullable String value) {
        current.put(index - 1, NSTRING, 0, 0, value, null);
    }

    /** By reference, as PgJDBC keeps it until it is sent. */
    void setBytes(int index, byte @Nullable [] value) {
        current.put(index - 1, BYTES, 0, 0, value, null);
    }

    void setDate(int index, @Nullable Date value) {
        current.putTime(index - 1, DATE, value, Date.class, null);
    }

    void setDate(int index, @Nullable Date value, @Nullable Calendar calendar) {
        current.putTime(index - 1, DATE_CALENDAR, value, Date.class, calendar);
    }

    void setTime(int index, @Nullable Time value) {
        current.putTime(index - 1, TIME, value, Time.class, null);
    }

    void setTime(int index, @Nullable Time value, @Nullable Calendar calendar) {
        current.putTime(index - 1, TIME_CALENDAR, value, Time.class, calendar);
    }

    void setTimestamp(int index, @Nullable Timestamp value) {
        current.putTime(index - 1, TIMESTAMP, value, Timestamp.class, null);
    }

    void setTimestamp(int index, @Nullable Timestamp value, @Nullable Calendar calendar) {
        current.putTime(index - 1, TIMESTAMP_CALENDAR, value, Timestamp.class, calendar);
    }

    // The one setter that takes anything, a stream too.

    void setObject(int index, @Nullable Object value) {
        object(index, OBJECT, 0, 0, value, null);
    }

    void setObject(int index, @Nullable Object value, int type) {
        object(index, OBJECT_TYPE, 0, type, value, null);
    }

    void setObject(int index, @Nullable Object value, int type, int scale) {
        object(index, OBJECT_TYPE_SCALE, scale, type, value, null);
    }

    void setObject(int index, @Nullable Object value, SQLType type) {
        object(index, OBJECT_SQLTYPE, 0, 0, value, type);
    }

    void setObject(int index, @Nullable Object value, SQLType type, int scale) {
        object(index, OBJECT_SQLTYPE_SCALE, 0, scale, value, type);
    }

    private void object(int index, byte kind, long bit, int number, @Nullable Object value, @Nullable Object extra) {
        if (value instanceof Array array && (kind == OBJECT || number == Types.ARRAY)) {
            setArray(index, array);
            return;
        }
        Object kept = isReadOnce(value) ? null : sent(kind, number, value);
        if (value != null && kept == null) {
            stream(index);
        } else {
            current.put(index - 1, kind, bit, number, kept, extra);
        }
    }

    private static @Nullable Object sent(byte kind, int number, @Nullable Object value) {
        if (value instanceof Array array) {
            // As PgJDBC binds it to another type; the array may be freed at once.
            return array.toString();
        }
        boolean asItself =
                kind == OBJECT || ((kind == OBJECT_TYPE || kind == OBJECT_TYPE_SCALE) && number == Types.OTHER);
        return Unchanging.copyOf(value, !asItself);
    }

    /** @return whether a value is one that can be read once, or lives in a transaction of its session */
    static boolean isReadOnce(@Nullable Object value) {
        return value instanceof java.io.InputStream
                || value instanceof java.io.Reader
                || value instanceof java.sql.Blob
                || value instanceof java.sql.Clob;
    }

    /** What PgJDBC sends of it: an application may free the array, or change what it was made of, as soon as it is bound. */
    void setArray(int index, @Nullable Array value) {
        if (value == null) {
            current.put(index - 1, ARRAY, 0, 0, null, null);
            return;
        }
        try {
            byte[] bytes = value instanceof PgArray array ? array.toBytes() : null;
            Object sent = bytes == null ? value.toString() : bytes;
            current.put(index - 1, ARRAY, 0, 0, sent, value.getBaseTypeName());
        } catch (SQLException e) {
            stream(index);
        }
    }

    void setRef(int index, @Nullable Ref value) {
        current.put(index - 1, REF, 0, 0, value, null);
    }

    void setRowId(int index, @Nullable RowId value) {
        current.put(index - 1, ROW_ID, 0, 0, value, null);
    }

    /** The text of PgJDBC's, for the same reason; any other may be one that can be read once. */
    void setSQLXML(int index, @Nullable SQLXML value) {
        if (value != null && !(value instanceof PgSQLXML)) {
            stream(index);
            return;
        }
        try {
            current.put(index - 1, SQL_XML, 0, 0, value == null ? null : value.getString(), null);
        } catch (SQLException e) {
            stream(index);
        }
    }

    void setURL(int index, @Nullable URL value) {
        current.put(index - 1, URL_VALUE, 0, 0, value, null);
    }

    /** @return the value as text, null where the parameter is not bound, or to something that is not plainly text */
    @Nullable
    String text(int index) {
        return index <= current.size() ? current.text(index - 1) : null;
    }

    /** Something that is read once was bound: a stream, a reader, a large object. */
    void stream(int index) {
        owner.boundOnce();
        current.put(index - 1, STREAM, 0, 0, null, null);
    }

    void clearParameters() {
        current.clear();
    }

    /** The row bound now joins the batch, and stays bound. */
    void addBatch() {
        if (batch == null) {
            batch = new ParameterSlots();
        }
        batch.append(current);
        batchLost |= lost && firstLost() >= 0;
        if (batchSize == batchEnds.length) {
            batchEnds = Arrays.copyOf(batchEnds, batchSize * 2);
        }
        batchEnds[batchSize++] = batch.size();
    }

    void clearBatch() {
        if (batch != null) {
            batch.clear();
        }
        batchSize = 0;
        batchLost = false;
    }

    int batchSize() {
        return batchSize;
    }

    /** What was read once may have been read: no statement gets it again. */
    void loseStreams() {
        lost = current.loseStreams();
        if (batch != null) {
            batchLost |= batch.loseStreams();
        }
    }

    /** @throws SQLException 40001 while a parameter of the row bound now was lost and not bound again */
    void check() throws SQLException {
        if (!lost) {
            return;
        }
        int slot = firstLost();
        if (slot >= 0) {
            throw Refusal.notRepeatable("parameter " + (slot + 1));
        }
        lost = false;
    }

    private int firstLost() {
        for (int slot = 0; slot < current.size(); slot++) {
            if (current.kind(slot) == LOST) {
                return slot;
            }
        }
        return -1;
    }

    /** @throws SQLException 40001 when a row of the batch lost a parameter; the batch is gone then, as after any failure */
    void checkBatch() throws SQLException {
        if (batchLost) {
            clearBatch();
            throw Refusal.notRepeatable("a parameter of the batch");
        }
    }

    /** What is bound now, for a step of the journal. */
    BoundRows row() {
        return new BoundRows(current.copy(), null);
    }

    /** The batch, for a step of the journal. */
    BoundRows rows() {
        return new BoundRows(batch == null ? new ParameterSlots() : batch.copy(), Arrays.copyOf(batchEnds, batchSize));
    }

    /** The bytes that {@link #row} keeps alive, roughly, without making it. */
    long rowBytes() {
        return current.bytes();
    }

    /** The bytes that {@link #rows} keeps alive, roughly, without making it. */
    long rowsBytes() {
        return batch == null ? 0 : batch.bytes() + (long) Integer.BYTES * batchSize;
    }

    boolean rowReadOnce() {
        return current.holdsReadOnce();
    }

    boolean rowsReadOnce() {
        return batch != null && batch.holdsReadOnce();
    }

    /**
     * Binds everything to a statement made just now, the batch first, so that the row bound now is the one it ends with.
     * Streams are lost with it.
     */
    void applyTo(PreparedStatement made) throws SQLException {
        loseStreams();
        if (batch != null && !batchLost) {
            BoundRows.addBatch(batch, batchEnds, batchSize, made);
            if (batchSize > 0) {
                made.clearParameters();
            }
        }
        for (int slot = 0; slot < current.size(); slot++) {
            current.applyTo(slot, made, slot + 1);
        }
    }
}
