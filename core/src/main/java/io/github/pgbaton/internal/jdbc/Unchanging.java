package io.github.pgbaton.internal.jdbc;

import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URL;
import java.sql.RowId;
import java.sql.Time;
import java.sql.Timestamp;
import java.time.temporal.Temporal;
import java.time.temporal.TemporalAmount;
import java.util.Calendar;
import java.util.Objects;
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

    /**
     * The value or a copy of it; null where the value is null, and where nobody can tell how to copy it.
     *
     * @param asText whether what {@code toString} tells of it may be sent
     */
    static @Nullable Object copyOf(@Nullable Object value, boolean asText) {
        if (value == null
                || VALUES.contains(value.getClass())
                || value instanceof Temporal
                || value instanceof TemporalAmount
                || value instanceof Enum
                || value instanceof RowId
                // PgJDBC itself keeps bytes by reference until they are sent.
                || value instanceof byte[]) {
            return value;
        }
        if (value instanceof java.util.Date date) {
            return isJavas(date) || isPgJdbcs(date) ? date.clone() : asPlain(copyOf(date), date);
        }
        if (value instanceof Calendar calendar) {
            return calendar.clone();
        }
        if (value instanceof PGobject object) {
            return isPgJdbcs(object) ? clone(object) : new Sent(object, asText);
        }
        return value.getClass().isArray() ? flatCopy(value) : null;
    }

    /**
     * What PgJDBC reads of a date, as one whose class is known: one of somebody else's class may share with its copy what it
     * tells.
     */
    static java.util.Date copyOf(java.util.Date date) {
        if (isPgJdbcs(date)) {
            // With its calendar.
            return (java.util.Date) date.clone();
        }
        long time = date.getTime();
        if (date instanceof Timestamp timestamp) {
            Timestamp copy = new Timestamp(time);
            copy.setNanos(timestamp.getNanos());
            return copy;
        }
        if (date instanceof Time) {
            return new Time(time);
        }
        return date instanceof java.sql.Date ? new java.sql.Date(time) : new java.util.Date(time);
    }

    /** A date may be bound as text, too, and then all of it is what {@code toString} makes of it. */
    private static java.util.@Nullable Date asPlain(java.util.Date copy, java.util.Date date) {
        return copy.toString().equals(date.toString()) ? copy : null;
    }

    private static boolean isJavas(java.util.Date date) {
        Class<?> type = date.getClass();
        return type == Timestamp.class
                || type == java.sql.Date.class
                || type == Time.class
                || type == java.util.Date.class;
    }

    private static boolean isPgJdbcs(Object value) {
        return value.getClass().getName().startsWith("org.postgresql.");
    }

    /**
     * What PgJDBC sends of an object of somebody else's class, whose clone may share its insides with the original: a vector
     * its array, a geometry its points.
     */
    private static final class Sent extends PGobject {
        private static final long serialVersionUID = 1L;

        private final @Nullable String shown;

        Sent(PGobject object, boolean asText) {
            type = object.getType();
            value = object.getValue();
            // A text of its own for each of them: a vector's is long, and nearly always both are the same.
            String text = asText ? object.toString() : value;
            shown = Objects.equals(text, value) ? value : text;
        }

        @Override
        @SuppressWarnings("NullAway") // As PGobject's own, which is null for a null.
        public String toString() {
            return shown;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return super.equals(other);
        }

        @Override
        public int hashCode() {
            return super.hashCode();
        }
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
