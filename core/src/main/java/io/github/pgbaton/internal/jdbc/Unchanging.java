package io.github.pgbaton.internal.jdbc;

import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URL;
import java.sql.RowId;
import java.time.temporal.Temporal;
import java.time.temporal.TemporalAmount;
import java.util.Calendar;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PGobject;

/**
 * Keeps a parameter as it was when it was bound: PgJDBC encodes most values at once, so a value that the application
 * changes afterwards must not be bound again with its new content. Stateless.
 */
final class Unchanging {
    private static final Set<Class<?>> VALUES = Set.of(
            String.class,
            Boolean.class,
            Character.class,
            Byte.class,
            Short.class,
            Integer.class,
            Long.class,
            Float.class,
            Double.class,
            BigDecimal.class,
            BigInteger.class,
            UUID.class,
            URL.class);

    private Unchanging() {}

    /** The value or a copy of it; null where the value is null, and where nobody can tell how to copy it. */
    static @Nullable Object copyOf(@Nullable Object value) {
        if (value == null
                || VALUES.contains(value.getClass())
                || value instanceof Temporal
                || value instanceof TemporalAmount
                || value instanceof Enum
                || value instanceof RowId
                || value instanceof java.sql.Array
                // PgJDBC itself keeps bytes by reference until they are sent.
                || value instanceof byte[]) {
            return value;
        }
        if (value instanceof java.util.Date date) {
            return date.clone();
        }
        if (value instanceof Calendar calendar) {
            return calendar.clone();
        }
        if (value instanceof PGobject object) {
            return clone(object);
        }
        return value.getClass().isArray() ? flatCopy(value) : null;
    }

    private static @Nullable Object clone(PGobject object) {
        try {
            return object.clone();
        } catch (CloneNotSupportedException e) {
            return null;
        }
    }

    /** Arrays of arrays, or of what can change, are not copied. */
    private static @Nullable Object flatCopy(Object array) {
        Class<?> element = array.getClass().getComponentType();
        if (!element.isPrimitive() && !VALUES.contains(element)) {
            return null;
        }
        int length = Array.getLength(array);
        Object copy = Array.newInstance(element, length);
        System.arraycopy(array, 0, copy, 0, length);
        return copy;
    }
}
