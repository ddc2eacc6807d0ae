package io.github.pgbaton.internal.rest;

import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.internal.socket.Loop;
import io.github.pgbaton.internal.socket.Threads;
import io.github.pgbaton.topology.Topology;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks Patroni's REST interface who leads: seldom while all is well, often while the leader is in doubt; heals by itself
 * after anything.
 *
 * <p>Thread-safe. All decisions are made by one thread, {@code pgbaton-rest-<scope>}; this class only hands over to it.
 */
final class PatroniRestSource implements LeaderSource {
    private static final Logger LOG = LoggerFactory.getLogger(PatroniRestSource.class);
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(3);

    private final String description;
    private final @Nullable String scope;
    private final Timing timing;
    private final Topology told;
    private final Loop loop;
    private final ThreadPoolExecutor calls;
    private final List<Endpoint> endpoints;
    private final AtomicBoolean started = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicBoolean suspecting = new AtomicBoolean();
    private @Nullable Poller poller; // loop only

    PatroniRestSource(List<URI> uris, @Nullable String scope, Timing timing) {
        this(uris, scope, timing, Topology.UNKNOWN);
    }

    /** @param told by another source before */
    PatroniRestSource(List<URI> uris, @Nullable String scope, Timing timing, Topology told) {
        this.told = told;
        this.scope = scope;
        this.timing = timing;
        this.description = "Patroni " + uris.stream().map(URI::toString).collect(Collectors.joining(","))
                + (scope == null ? "" : " " + scope);
        String name = "pgbaton-rest-" + (scope == null ? uris.get(0).getHost() : scope);
        this.loop = new Loop(name);
        // One thread per request under way, of which each endpoint has one at most; they end a second after the last.
        this.calls = new ThreadPoolExecutor(
                0,
                Integer.MAX_VALUE,
                1,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                Threads.named(name + "-call"),
                new ThreadPoolExecutor.AbortPolicy());
        this.endpoints = uris.stream().map(this::endpoint).toList();
    }

    private Endpoint endpoint(URI uri) {
        return new Endpoint(uri, loop, calls, timing.deadline());
    }

    @Override
    public void start(Listener listener) {
        if (closed.get()) {
            throw new IllegalStateException(description + " is closed");
        }
        if (!started.compareAndSet(false, true)) {
            throw new IllegalStateException(description + " was started before");
        }
        loop.execute(() -> {
            Publisher publisher = new Publisher(description, new Gate(listener), told);
            Locator locator = new Locator(endpoints, this::endpoint);
            Poller made = new Poller(loop, endpoints, locator, scope, timing, publisher);
            poller = made;
            made.suspect("start");
        });
    }

    @Override
    public void suspect() {
        // One task in the queue is enough, however many sessions break at once.
        if (!closed.get() && suspecting.compareAndSet(false, true)) {
            loop.execute(() -> {
                suspecting.set(false);
                if (poller != null) {
                    poller.suspect("a session broke or a member refused");
                }
            });
        }
    }

    /** Changes nothing: the poller is calm again as soon as the leader itself has proven that it holds the lock. */
    @Override
    public void trust() {}

    @Override
    public String description() {
        return description;
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        loop.finish(
                () -> {
                    if (poller != null) {
                        poller.close();
                    }
                },
                CLOSE_PATIENCE);
        calls.shutdownNow();
        try {
            if (!calls.awaitTermination(1, TimeUnit.SECONDS)) {
                LOG.debug("{} is closed, but a name is still being resolved", description);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Keeps the promise that nothing is told once the source is closed. */
    private final class Gate implements Listener {
        private final Listener listener;

        Gate(Listener listener) {
            this.listener = listener;
        }

        @Override
        public void published(Topology snapshot) {
            if (!closed.get()) {
                listener.published(snapshot);
            }
        }

        @Override
        public void degraded(String reason) {
            if (!closed.get()) {
                listener.degraded(reason);
            }
        }
    }
}
