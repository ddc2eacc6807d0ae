package io.github.pgbaton.testkit;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * When each member accepted writes, as told by the members themselves: a write is acknowledged or it is not.
 *
 * <p>Tests subtract it from what their clients saw: the rest is what the client added. All times are {@link
 * System#nanoTime} of this JVM at the moment an acknowledgement arrived, good to about ten milliseconds. A network cut
 * between client and member does not blind it.
 */
public interface Truth {

    /** The member that acknowledged a write most recently and still does. */
    Optional<String> writable();

    /** Whether this member acknowledged its last probe, less than half a second ago. */
    boolean isWritable(String member);

    /** The times in which this member accepted writes, oldest first; the last one may still be open. */
    List<Interval> writableIntervals(String member);

    /** The gaps in which no member accepted writes, oldest first; the last one may still be open. */
    List<Outage> outages();

    /**
     * An uninterrupted time in which one member acknowledged every probe.
     *
     * @param member its name
     * @param fromNanos the first acknowledged probe
     * @param toNanos the last acknowledged probe so far
     * @param open whether the member still accepts writes
     * @param from the first acknowledged probe, for people
     */
    record Interval(String member, long fromNanos, long toNanos, boolean open, Instant from) {
        public Duration length() {
            return Duration.ofNanos(toNanos - fromNanos);
        }
    }

    /**
     * A gap in which no member accepted writes.
     *
     * @param fromNanos the last acknowledged probe before it
     * @param toNanos the first acknowledged probe after it, or empty while it lasts
     * @param length how long it was, or how long it has lasted so far
     * @param lastWritable the member that acknowledged the last probe before it
     * @param nextWritable the member that acknowledged the first probe after it
     * @param from its begin, for people
     */
    record Outage(
            long fromNanos,
            OptionalLong toNanos,
            Duration length,
            String lastWritable,
            Optional<String> nextWritable,
            Instant from) {
        public boolean open() {
            return toNanos.isEmpty();
        }
    }
}
