package io.github.pgbaton.testkit.internal;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.EtcdEvents;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the cluster's keys through etcd's JSON gateway; misses no revision, unless etcd has forgotten it.
 *
 * <p>A watch at an etcd member that is frozen or cut off is silent for ever, so a watch that has been silent for a
 * while is given up for a new one, at the next member, from the revision after the last one seen.
 */
final class WatchedEvents implements EtcdEvents, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WatchedEvents.class);
    private static final Duration SILENCE = Duration.ofSeconds(2);
    private static final long RETRY_MILLIS = 50;

    private final EtcdGateway etcd;
    private final Thread thread = new Thread(this::run, "testkit-etcd-events");
    private final List<Event> events = new ArrayList<>();
    private final List<Consumer<Event>> listeners = new CopyOnWriteArrayList<>();
    private @Nullable Socket socket;
    private boolean closed;
    /** The first revision not seen yet; only the thread writes it after {@link #start}. */
    private long next;

    private WatchedEvents(EtcdGateway etcd) {
        this.etcd = etcd;
        thread.setDaemon(true);
    }

    /** Starts recording; what happens after the return is recorded. */
    static WatchedEvents start(EtcdGateway etcd) {
        WatchedEvents recorder = new WatchedEvents(etcd);
        try {
            recorder.next = etcd.snapshot().revision() + 1;
        } catch (IOException e) {
            throw new ClusterException("etcd does not answer: there is nothing to record yet", e);
        }
        recorder.thread.start();
        return recorder;
    }

    @Override
    public List<Event> all() {
        synchronized (events) {
            return List.copyOf(events);
        }
    }

    @Override
    public Subscription subscribe(Consumer<Event> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    private void run() {
        List<URI> endpoints = etcd.endpoints();
        for (int attempt = 0; !isClosed(); attempt++) {
            try {
                watch(endpoints.get(attempt % endpoints.size()));
            } catch (IOException e) {
                // Silent, gone or cut off: all the same, the next one knows what this one did not tell.
            }
            try {
                Waiting.pause(RETRY_MILLIS);
            } catch (ClusterException e) {
                // Interrupted, which only close() does.
                return;
            }
        }
    }

    private void watch(URI endpoint) throws IOException {
        Http.Stream stream = etcd.http().stream(endpoint.resolve("/v3/watch"), etcd.watchRequest(next), SILENCE);
        try (Socket opened = stream.socket()) {
            setSocket(opened);
            while (true) {
                JsonElement result = JsonParser.parseString(Http.line(stream.body()))
                        .getAsJsonObject()
                        .get("result");
                if (result == null || !accept(result.getAsJsonObject())) {
                    return;
                }
            }
        }
    }

    /** Returns whether the watch goes on. */
    private boolean accept(JsonObject result) {
        long compacted = EtcdGateway.number(result, "compact_revision");
        if (compacted > next) {
            next = compacted;
        }
        JsonElement changes = result.get("events");
        for (JsonElement change : changes == null ? new JsonArray() : changes.getAsJsonArray()) {
            Event event = event(change.getAsJsonObject());
            next = Math.max(next, event.revision() + 1);
            synchronized (events) {
                events.add(event);
            }
            listeners.forEach(listener -> tell(listener, event));
        }
        return !result.has("canceled");
    }

    private Event event(JsonObject change) {
        JsonObject kv = change.getAsJsonObject("kv");
        // PUT is the default, and this format leaves defaults out.
        boolean deleted = change.has("type") && change.get("type").getAsString().equals("DELETE");
        return new Event(
                deleted ? Kind.DELETE : Kind.PUT,
                etcd.relativeKey(kv),
                deleted ? Optional.empty() : Optional.of(EtcdGateway.text(kv, "value")),
                EtcdGateway.number(kv, "mod_revision"),
                System.nanoTime(),
                Instant.now());
    }

    private static void tell(Consumer<Event> listener, Event event) {
        try {
            listener.accept(event);
        } catch (RuntimeException e) {
            LOG.warn("a listener failed on {}", event, e);
        }
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private synchronized void setSocket(Socket opened) {
        socket = opened;
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            if (socket != null) {
                try {
                    socket.close();
                } catch (IOException e) {
                    // It is closed then.
                }
            }
        }
        thread.interrupt();
    }
}
