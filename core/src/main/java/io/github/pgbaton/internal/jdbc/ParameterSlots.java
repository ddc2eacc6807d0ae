package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.replay.Footprint;
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
import java.util.Arrays;
import java.util.Calendar;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.jdbc.PgArray;
import org.postgresql.jdbc.PgSQLXML;

/**
 * A growing row of values in the form a setter got them; writing a slot that exists allocates nothing.
 *
 * <p>A slot is spread over parallel arrays: its kind, 64 bits of a primitive, 32 more, the object, and a second object.
 * What is bound by reference in PgJDBC is kept by reference; dates are taken apart, because PgJDBC reads them as they are
 * bound and an application may change them after that.
 */
final class ParameterSlots {
    static final byte UNSET = 0;
    static final byte NULL = 1;
    static final byte NULL_NAMED = 2;
    static final byte BOOLEAN = 3;
    static final byte BYTE = 4;
    static final byte SHORT = 5;
    static final byte INT = 6;
    static final byte LONG = 7;
    static final byte FLOAT = 8;
    static final byte DOUBLE = 9;
    static final byte BIG_DECIMAL = 10;
    static final byte STRING = 11;
    static final byte NSTRING = 12;
    static final byte BYTES = 13;
    static final byte DATE = 14;
    static final byte DATE_CALENDAR = 15;
    static final byte TIME = 16;
    static final byte TIME_CALENDAR = 17;
    static final byte TIMESTAMP = 18;
    static final byte TIMESTAMP_CALENDAR = 19;
    static final byte OBJECT = 20;
    static final byte OBJECT_TYPE = 21;
    static final byte OBJECT_TYPE_SCALE = 22;
    static final byte OBJECT_SQLTYPE = 23;
    static final byte OBJECT_SQLTYPE_SCALE = 24;
    static final byte ARRAY = 25;
    static final byte REF = 26;
    static final byte ROW_ID = 27;
    static final byte SQL_XML = 28;
    static final byte URL_VALUE = 29;

    /** Was read by the delegate, or may have been: cannot be bound again. */
    static final byte STREAM = 30;

    /** Was a stream, and the statement was made anew without it. */
    static final byte LOST = 31;

    private static final int ARRAY_HEADER = 16;
    private static final int SLOT = Byte.BYTES + Long.BYTES + Integer.BYTES + 2 * Integer.BYTES;

    private byte[] kinds;
    private long[] bits;
    private int[] ints;
    private @Nullable Object[] refs;
    private @Nullable Object[] extras;
    private int size;

    /** The zone that came last, and that nobody changes. */
    private @Nullable Calendar zone;

    ParameterSlots() {
        this(new byte[8], new long[8], new int[8], new Object[8], new Object[8]);
        size = 0;
    }

    private ParameterSlots(byte[] kinds, long[] bits, int[] ints, @Nullable Object[] refs, @Nullable Object[] extras) {
        this.kinds = kinds;
        this.bits = bits;
        this.ints = ints;
        this.refs = refs;
        this.extras = extras;
        this.size = kinds.length;
    }

    /** @return the number of slots up to the highest one written */
    int size() {
        return size;
    }

    byte kind(int slot) {
        return slot < size ? kinds[slot] : UNSET;
    }

    /** The value of a slot where it is text, a whole number or a truth value, else null. */
    @Nullable
    String text(int slot) {
        Object ref = refs[slot];
        return switch (kinds[slot]) {
            case STRING, NSTRING -> (String) ref;
            case BYTE, SHORT, INT, LONG -> Long.toString(bits[slot]);
            case BOOLEAN -> Boolean.toString(bits[slot] != 0);
            case OBJECT, OBJECT_TYPE, OBJECT_SQLTYPE ->
                ref instanceof String || ref instanceof Long || ref instanceof Integer || ref instanceof Boolean
                        ? ref.toString()
                        : null;
            default -> null;
        };
    }

    /** Writes one slot, which begins at zero. */
    void put(int slot, byte kind, long bit, int number, @Nullable Object ref, @Nullable Object extra) {
        if (slot >= size) {
            grow(slot + 1);
        }
        kinds[slot] = kind;
        bits[slot] = bit;
        ints[slot] = number;
        refs[slot] = ref;
        extras[slot] = extra;
    }

    private void grow(int atLeast) {
        if (atLeast > kinds.length) {
            int capacity = Math.max(atLeast, kinds.length * 2);
            kinds = Arrays.copyOf(kinds, capacity);
            bits = Arrays.copyOf(bits, capacity);
            ints = Arrays.copyOf(ints, capacity);
            refs = Arrays.copyOf(refs, capacity);
            extras = Arrays.copyOf(extras, capacity);
        }
        size = atLeast;
    }

    /** Appends a copy of every slot of another row. */
    void append(ParameterSlots row) {
        int at = size;
        grow(size + row.size);
        System.arraycopy(row.kinds, 0, kinds, at, row.size);
        System.arraycopy(row.bits, 0, bits, at, row.size);
        System.arraycopy(row.ints, 0, ints, at, row.size);
        System.arraycopy(row.refs, 0, refs, at, row.size);
        System.arraycopy(row.extras, 0, extras, at, row.size);
    }

    /** A row of its own that no setter changes, with the bytes as they are now. */
    ParameterSlots copy() {
        ParameterSlots copy = new ParameterSlots(
                Arrays.copyOf(kinds, size),
                Arrays.copyOf(bits, size),
                Arrays.copyOf(ints, size),
                Arrays.copyOf(refs, size),
                Arrays.copyOf(extras, size));
        for (int slot = 0; slot < size; slot++) {
            // Those of an array are PgJDBC's, and nobody changes them.
            if (kinds[slot] != ARRAY && refs[slot] instanceof byte[] bytes) {
                copy.refs[slot] = bytes.clone();
            }
        }
        return copy;
    }

    /** The bytes that a {@link #copy} keeps alive, roughly. */
    long bytes() {
        long sum = 5L * ARRAY_HEADER;
        for (int slot = 0; slot < size; slot++) {
            sum += SLOT + Footprint.of(refs[slot]);
            if (extras[slot] instanceof Calendar calendar) {
                sum += Footprint.of(calendar);
            }
        }
        return sum;
    }

    /** Whether any of it can be read once only. */
    boolean holdsReadOnce() {
        for (int slot = 0; slot < size; slot++) {
            if (kinds[slot] == STREAM || kinds[slot] == LOST) {
                return true;
            }
        }
        return false;
    }

    void clear() {
        Arrays.fill(kinds, 0, size, UNSET);
        Arrays.fill(refs, 0, size, null);
        Arrays.fill(extras, 0, size, null);
        size = 0;
    }

    /** Turns every stream into a lost one. */
    boolean loseStreams() {
        boolean lost = false;
        for (int slot = 0; slot < size; slot++) {
            if (kinds[slot] == STREAM) {
                kinds[slot] = LOST;
            }
            lost |= kinds[slot] == LOST;
        }
        return lost;
    }

    /**
     * Binds one slot; one that is unset or lost is left out.
     *
     * @param slot from zero
     * @param made a statement made just now
     * @param parameter its index there
     */
    @SuppressWarnings("NullAway") // A null bound by the application is bound again.
    void applyTo(int slot, PreparedStatement made, int parameter) throws SQLException {
        Object ref = refs[slot];
        long bit = bits[slot];
        int number = ints[slot];
        switch (kinds[slot]) {
            case NULL -> made.setNull(parameter, number);
            case NULL_NAMED -> made.setNull(parameter, number, (String) extras[slot]);
            case BOOLEAN -> made.setBoolean(parameter, bit != 0);
            case BYTE -> made.setByte(parameter, (byte) bit);
            case SHORT -> made.setShort(parameter, (short) bit);
            case INT -> made.setInt(parameter, (int) bit);
            case LONG -> made.setLong(parameter, bit);
            case FLOAT -> made.setFloat(parameter, Float.intBitsToFloat((int) bit));
            case DOUBLE -> made.setDouble(parameter, Double.longBitsToDouble(bit));
            case BIG_DECIMAL -> made.setBigDecimal(parameter, (BigDecimal) ref);
            case STRING -> made.setString(parameter, (String) ref);
            case NSTRING -> made.setNString(parameter, (String) ref);
            case BYTES -> made.setBytes(parameter, (byte[]) ref);
            case DATE -> made.setDate(parameter, date(slot));
            case DATE_CALENDAR -> made.setDate(parameter, date(slot), (Calendar) extras[slot]);
            case TIME -> made.setTime(parameter, time(slot));
            case TIME_CALENDAR -> made.setTime(parameter, time(slot), (Calendar) extras[slot]);
            case TIMESTAMP -> made.setTimestamp(parameter, timestamp(slot));
            case TIMESTAMP_CALENDAR -> made.setTimestamp(parameter, timestamp(slot), (Calendar) extras[slot]);
            case OBJECT -> made.setObject(parameter, ref);
            case OBJECT_TYPE -> made.setObject(parameter, ref, number);
            case OBJECT_TYPE_SCALE -> made.setObject(parameter, ref, number, (int) bit);
            case OBJECT_SQLTYPE -> made.setObject(parameter, ref, (SQLType) extras[slot]);
            case OBJECT_SQLTYPE_SCALE -> made.setObject(parameter, ref, (SQLType) extras[slot], number);
            case ARRAY -> made.setArray(parameter, array(slot, made));
            case REF -> made.setRef(parameter, (Ref) ref);
            case ROW_ID -> made.setRowId(parameter, (RowId) ref);
            case SQL_XML -> made.setSQLXML(parameter, xml(slot, made));
            case URL_VALUE -> made.setURL(parameter, (URL) ref);
            default -> {
                // UNSET, LOST
            }
        }
    }

    // A date whose class is not the plain one, or null, is kept as an object.

    private @Nullable Date date(int slot) {
        return refs[slot] == Date.class ? new Date(bits[slot]) : (Date) refs[slot];
    }

    private @Nullable Time time(int slot) {
        return refs[slot] == Time.class ? new Time(bits[slot]) : (Time) refs[slot];
    }

    // Arrays and XML are kept as what PgJDBC sends of them.

    private @Nullable Array array(int slot, PreparedStatement made) throws SQLException {
        Object ref = refs[slot];
        if (ref == null) {
            return null;
        }
        BaseConnection connection = connection(made);
        int type = connection.getTypeInfo().getPGArrayType(Objects.requireNonNull((String) extras[slot]));
        return ref instanceof byte[] bytes
                ? new PgArray(connection, type, bytes)
                : new PgArray(connection, type, (String) ref);
    }

    private @Nullable SQLXML xml(int slot, PreparedStatement made) throws SQLException {
        return refs[slot] instanceof String text ? new PgSQLXML(connection(made), text) : null;
    }

    private static BaseConnection connection(PreparedStatement made) throws SQLException {
        return made.getConnection().unwrap(BaseConnection.class);
    }

    private @Nullable Timestamp timestamp(int slot) {
        if (refs[slot] != Timestamp.class) {
            return (Timestamp) refs[slot];
        }
        Timestamp timestamp = new Timestamp(bits[slot]);
        timestamp.setNanos(ints[slot]);
        return timestamp;
    }

    /**
     * Takes a date apart; only one that brings its own calendar, or is null, is kept as an object. PgJDBC reads all of it at
     * once, and of a calendar the time zone.
     */
    void putTime(int slot, byte kind, java.util.@Nullable Date value, Class<?> plain, @Nullable Calendar calendar) {
        Calendar kept = calendar == null ? null : zoneOf(calendar);
        java.util.Date known = value == null || value.getClass() == plain ? value : Unchanging.copyOf(value);
        if (known == null || known.getClass() != plain) {
            put(slot, kind, 0, 0, known, kept);
        } else {
            int nanos = known instanceof Timestamp timestamp ? timestamp.getNanos() : 0;
            put(slot, kind, known.getTime(), nanos, plain, kept);
        }
    }

    /** A copy of it, or the one before where it says the same: parameter after parameter comes with the same zone. */
    private Calendar zoneOf(Calendar calendar) {
        Calendar known = zone;
        if (known == null || !known.getTimeZone().equals(calendar.getTimeZone())) {
            known = (Calendar) calendar.clone();
            zone = known;
        }
        return known;
    }
}
