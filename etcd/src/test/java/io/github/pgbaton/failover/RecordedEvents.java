package io.github.pgbaton.failover;

import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.event.FailoverListener;
import io.github.pgbaton.event.FailoverListeners;
import io.github.pgbaton.testkit.PatroniCluster;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** What listeners are told of one cluster from now on, in the order in which they are told. */
final class RecordedEvents implements AutoCloseable {
    private final List<FailoverEvent> events = new CopyOnWriteArrayList<>();
    private final FailoverListener listener;

    RecordedEvents(PatroniCluster cluster) {
        String name = cluster.namespace() + "/" + cluster.scope();
        listener = event -> {
            if (event.cluster().equals(name)) {
                events.add(event);
            }
        };
        FailoverListeners.add(listener);
    }

    List<FailoverEvent> all() {
        return List.copyOf(events);
    }

    /** Those of some kinds, and of no other. */
    @SafeVarargs
    final List<? extends FailoverEvent> only(Class<? extends FailoverEvent>... kinds) {
        List<Class<? extends FailoverEvent>> wanted = List.of(kinds);
        return events.stream()
                .filter(event -> wanted.contains(event.getClass()))
                .toList();
    }

    <T extends FailoverEvent> List<T> of(Class<T> kind) {
        return events.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    @Override
    public void close() {
        FailoverListeners.remove(listener);
    }
}
