package io.github.pgbaton.internal.replay;

import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Calendar;
import org.jspecify.annotations.Nullable;
import org.postgresql.geometric.PGbox;
import org.postgresql.geometric.PGcircle;
import org.postgresql.geometric.PGline;
import org.postgresql.geometric.PGlseg;
import org.postgresql.geometric.PGpoint;
import org.postgresql.util.PGInterval;
import org.postgresql.util.PGmoney;
import org.postgresql.util.PGobject;

/** How many bytes a value keeps alive, rather too many than too few: what is counted is bounded by it. Stateless. */
public final class Footprint {
    private static final int HEADER = 16;
    private static final int OBJECT = 64;
    private static final int SMALL = 256;
    private static final int CALENDAR = 512;

    /** Looking at each character of a longer text pays, for it is half as large where all of them are Latin. */
    private static final int SHORT = 128;

    private Footprint() {}

    /** @return the bytes of a text, 0 where there is none */
    public static long of(@Nullable String text) {
        if (text == null) {
            return 0;
        }
        int length = text.length();
        return 2L * HEADER + (length > SHORT && isLatin(text) ? length : 2L * length);
    }

    private static boolean isLatin(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) > 0xFF) {
                return false;
            }
        }
        return true;
    }

    /** @return the bytes of a value of whatever class, 0 where there is none */
    public static long of(@Nullable Object value) {
        if (value == null || value instanceof Class) {
            return 0;
        }
        if (value instanceof String text) {
            return of(text);
        }
        if (value instanceof byte[] bytes) {
            return HEADER + bytes.length;
        }
        if (value instanceof BigDecimal number) {
            // Not by its bits: of a small one they are an object made for each look.
            return OBJECT + number.precision() / 2;
        }
        if (value instanceof BigInteger number) {
            return OBJECT + number.bitLength() / Byte.SIZE;
        }
        if (value instanceof Calendar) {
            return CALENDAR;
        }
        if (value instanceof PGobject object) {
            return isSmall(object) ? SMALL : OBJECT + of(object.getValue());
        }
        return value.getClass().isArray() ? ofArray(value) : OBJECT;
    }

    /** Numbers, of which each look at the value makes a text. */
    private static boolean isSmall(PGobject object) {
        return object instanceof PGInterval
                || object instanceof PGmoney
                || object instanceof PGpoint
                || object instanceof PGline
                || object instanceof PGlseg
                || object instanceof PGbox
                || object instanceof PGcircle;
    }

    private static long ofArray(Object array) {
        int length = Array.getLength(array);
        if (array instanceof Object[] elements) {
            long sum = HEADER + (long) Integer.BYTES * length;
            for (Object element : elements) {
                sum += of(element);
            }
            return sum;
        }
        Class<?> element = array.getClass().getComponentType();
        boolean wide = element == long.class || element == double.class;
        boolean narrow = element == boolean.class || element == short.class || element == char.class;
        return HEADER + (long) length * (wide ? Long.BYTES : narrow ? Short.BYTES : Integer.BYTES);
    }
}
