package io.github.pgbaton.etcd;

import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.internal.socket.Loop;
import io.github.pgbaton.topology.Topology;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches Patroni's keys in etcd and publishes each change by push, within milliseconds; heals by itself after anything.
 *
 * <p>Thread-safe. All work is done by one thread, {@code pgbaton-etcd-<scope>}; this class only hands over to it.
 */
final class EtcdLeaderSource implements LeaderSource {
    private static final Logger LOG = LoggerFactory.getLogger(EtcdLeaderSource.class);
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(3);

    private final String description;
    private final Loop loop;
    private final List<Endpoint> endpoints;
    private final Timing timing;
    private final Runnable afterClose;
    private final AtomicBoolean started = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicBoolean suspecting = new AtomicBoolean();
    private @Nullable Follower follower; // loop only

    EtcdLeaderSource(String description, String thread, List<Endpoint> endpoints, Timing timing, Runnable afterClose) {
        this(description, new Loop(thread), endpoints, timing, afterClose);
    }

    EtcdLeaderSource(String description, Loop loop, List<Endpoint> endpoints, Timing timing, Runnable afterClose) {
        this.description = description;
        this.loop = loop;
        this.endpoints = List.copyOf(endpoints);
        this.timing = timing;
        this.afterClose = afterClose;
    }

    static EtcdLeaderSource overJetcd(EtcdSettings settings) {
        return overJetcd(settings, Timing.DEFAULT);
    }

    static EtcdLeaderSource overJetcd(EtcdSettings settings, Timing timing) {
        String thread = "pgbaton-etcd-" + settings.scope();
        ScheduledThreadPoolExecutor calls =
                calls(thread + "-call-", settings.endpoints().size());
        Function<URI, Endpoint> endpoint = uri -> new JetcdEndpoint(uri, settings, timing.call(), calls);
        EtcdLeaderSource source = new EtcdLeaderSource(
                settings.description(),
                thread,
                settings.endpoints().stream().map(endpoint).collect(Collectors.toList()),
                timing,
                () -> {
                    calls.shutdownNow();
                    SharedThreads.released();
                });
        // No client is opened before it is started; and one that cannot be made is never closed.
        SharedThreads.used();
        return source;
    }

    /**
     * Where names are resolved and jetcd starts its calls. A scheduled pool, for given a plain one jetcd's retry library
     * starts a timer thread that nobody owns; its threads end when they have been idle.
     */
    private static ScheduledThreadPoolExecutor calls(String prefix, int endpoints) {
        AtomicInteger number = new AtomicInteger();
        ScheduledThreadPoolExecutor calls = new ScheduledThreadPoolExecutor(
                endpoints + 1, // a name server that hangs takes one thread per endpoint
                task -> {
                    Thread thread = new Thread(null, task, prefix + number.incrementAndGet(), 0, false);
                    thread.setContextClassLoader(EtcdLeaderSource.class.getClassLoader());
                    thread.setDaemon(true);
                    return thread;
                },
                new ThreadPoolExecutor.DiscardPolicy());
        calls.setKeepAliveTime(5, TimeUnit.SECONDS);
        calls.allowCoreThreadTimeOut(true);
        return calls;
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
            Follower made = new Follower(loop, endpoints, new Publisher(description, new Gate(listener)), timing);
            follower = made;
            made.resync("start");
        });
    }

    @Override
    public void suspect() {
        // One task in the queue is enough, however many sessions break at once.
        if (!closed.get() && suspecting.compareAndSet(false, true)) {
            loop.execute(() -> {
                suspecting.set(false);
                if (follower != null) {
                    follower.suspect();
                }
            });
        }
    }

    @Override
    public void trust() {
        if (!closed.get()) {
            loop.execute(() -> {
                if (follower != null) {
                    follower.trust();
                }
            });
        }
    }

    /** The endpoint that carries the watch, empty while there is none; for tests. */
    CompletableFuture<String> watched() {
        CompletableFuture<String> answer = new CompletableFuture<>();
        loop.execute(() -> {
            Endpoint watched = follower == null ? null : follower.watched();
            answer.complete(watched == null ? "" : watched.name());
        });
        return answer;
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try {
            loop.finish(
                    () -> {
                        if (follower != null) {
                            follower.close();
                        }
                    },
                    CLOSE_PATIENCE);
        } finally {
            // Also where the loop finds no thread for its last task.
            afterClose.run();
        }
        LOG.debug("{} closed", description);
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
