package io.github.pgbaton.internal.outcome;

import java.security.SecureRandom;
import java.util.UUID;
import java.util.function.LongSupplier;

/**
 * The tokens of one session: none is ever given twice, by this session or by another. They are UUIDs of version 7: the time
 * and a counter make those of a session differ, 62 random bits drawn once those of two sessions.
 *
 * <p>They grow, so those that are committed one after the other lie side by side in the ledger's index. Wholly random ones
 * would each change another page of it, and after every checkpoint each of those pages goes into the WAL in full. And a
 * JVM's random bits come from behind one lock, which no COMMIT is to wait for.
 *
 * <p>Not thread-safe.
 */
final class Tokens {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int COUNTER_BITS = 12;
    private static final long VERSION = 0x7000;
    private static final long VARIANT = 0x8000_0000_0000_0000L;

    private final LongSupplier millis;
    private final long session;
    /** Milliseconds and counter in one number, which only grows, whatever the clock does. */
    private long last;

    Tokens() {
        this(System::currentTimeMillis, RANDOM.nextLong());
    }

    Tokens(LongSupplier millis, long random) {
        this.millis = millis;
        this.session = VARIANT | random >>> 2;
    }

    UUID next() {
        last = Math.max(last + 1, millis.getAsLong() << COUNTER_BITS);
        long time = last >>> COUNTER_BITS;
        long counter = last & (1 << COUNTER_BITS) - 1;
        return new UUID(time << 16 | VERSION | counter, session);
    }
}
