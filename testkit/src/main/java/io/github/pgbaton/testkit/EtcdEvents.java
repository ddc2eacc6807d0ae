package io.github.pgbaton.testkit;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** What was written under the cluster's prefix in etcd, in etcd's order, with the time it reached this JVM. */
public interface EtcdEvents {

    /** Everything since recording began. */
    List<Event> all();

    /** Calls the listener for every event from now on, on the recorder's own thread, until the handle is closed. */
    Subscription subscribe(Consumer<Event> listener);

    /** Ends a subscription when closed. */
    interface Subscription extends AutoCloseable {
        @Override
        void close();
    }

    /** What happened to a key. */
    enum Kind {
        PUT,
        DELETE
    }

    /**
     * One change of one key.
     *
     * @param kind what happened
     * @param key the key, relative to {@code /namespace/scope/}
     * @param value the new value; empty for a DELETE
     * @param revision etcd's revision of the change: equal for changes of one transaction
     * @param nanoTime {@link System#nanoTime} when it arrived
     * @param at when it arrived, for people
     */
    record Event(Kind kind, String key, Optional<String> value, long revision, long nanoTime, Instant at) {}
}
