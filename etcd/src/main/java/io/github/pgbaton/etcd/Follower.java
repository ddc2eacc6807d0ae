package io.github.pgbaton.etcd;

import io.github.pgbaton.internal.socket.Loop;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state machine: read everything, watch from the next revision on, and after any trouble do the same again.
 *
 * <p>Nothing is ever resumed from memory. A watch that ends, is cancelled, is compacted away, loses its etcd leader or
 * its token leads to the same two steps on whichever endpoint answers first, so there is one way to heal and it is the
 * way everything starts. {@link #turn} tells the present from late callbacks of the past. Confined to the loop.
 */
final class Follower implements Suspicion.Host {
    private static final Logger LOG = LoggerFactory.getLogger(Follower.class);
    /**
     * Rounds in which every answer was older than what is known, or of another etcd: then it is not a member that lags, or one
     * that was made anew on its own.
     */
    private static final int ROUNDS_TO_BELIEVE = 3;

    private final Loop loop;
    private final List<Endpoint> endpoints;
    private final Publisher publisher;
    private final Timing timing;
    private final Suspicion suspicion;

    private long turn;
    private int attempt;
    private int failedRounds;
    private int strangeRounds;
    private boolean narrow;
    private boolean closed;
    private @Nullable ReadRound round;
    private @Nullable Future<?> timer;
    private Endpoint.@Nullable AutoCloseableQuietly watch;
    private @Nullable Endpoint watched;
    private long watchedSince;
    private boolean refreshing;
    private boolean refreshAgain;

    Follower(Loop loop, List<Endpoint> endpoints, Publisher publisher, Timing timing) {
        this.loop = loop;
        this.endpoints = endpoints;
        this.publisher = publisher;
        this.timing = timing;
        this.suspicion = new Suspicion(loop, endpoints, publisher, timing, this);
    }

    @Override
    public @Nullable Endpoint watched() {
        return watched;
    }

    void suspect() {
        if (!closed) {
            suspicion.raise();
        }
    }

    void trust() {
        suspicion.end();
    }

    void close() {
        closed = true;
        suspicion.stop();
        letGo();
        endpoints.forEach(Endpoint::discard);
    }

    @Override
    public void resync(String reason) {
        if (closed) {
            return;
        }
        LOG.debug("reading everything: {}", reason);
        letGo();
        // New connections: the old ones may be half dead, in gRPC's backoff or carry an expired token.
        endpoints.forEach(Endpoint::discard);
        round = ReadRound.start(loop, endpoints, Endpoint::read, timing.patience(), new Answers());
    }

    /** Ends whatever goes on; its late callbacks carry an old turn. */
    private void letGo() {
        turn++;
        if (timer != null) {
            timer.cancel(false);
        }
        if (round != null) {
            round.cancel();
        }
        if (watch != null) {
            watch.close();
        }
        watch = null;
        watched = null;
        refreshing = false;
        refreshAgain = false;
    }

    private final class Answers implements ReadRound.Handler {
        private final Map<Endpoint, KeyState> strange = new LinkedHashMap<>();

        @Override
        public boolean answered(Endpoint endpoint, KeyState reading) {
            KeyState known = publisher.state();
            if (known != null && reading.strangerTo(known)) {
                strange.put(endpoint, reading);
                return false;
            }
            take(endpoint, reading);
            return true;
        }

        @Override
        public void unsettled(Set<Endpoint> answered, String failures) {
            KeyState known = publisher.state();
            if (known != null && !strange.isEmpty()) {
                Map.Entry<Endpoint, KeyState> likeliest =
                        Collections.max(strange.entrySet(), Map.Entry.comparingByValue(KeyState.likelier(known)));
                KeyState reading = likeliest.getValue();
                // A linearizable read is never old. An etcd wiped and made again has the same cluster id (it is a hash
                // of the peer addresses and a token), so only persistence tells it from a member that lags.
                if (mayBeBelieved(reading, known) && ++strangeRounds >= ROUNDS_TO_BELIEVE) {
                    take(likeliest.getKey(), reading);
                    return;
                }
                again("etcd answers with revision " + reading.revision()
                        + ", as another etcd than before, or older than what it said before");
            } else {
                again(failures);
            }
        }

        /**
         * One member that was made anew on its own would keep the watch for good while the others are only away for a moment:
         * another etcd is believed where most endpoints are its own.
         */
        private boolean mayBeBelieved(KeyState reading, KeyState known) {
            long own = strange.values().stream()
                    .filter(other -> other.clusterId() == reading.clusterId())
                    .count();
            return reading.clusterId() == known.clusterId() || 2 * own > endpoints.size();
        }
    }

    private void take(Endpoint endpoint, KeyState reading) {
        strangeRounds = 0;
        failedRounds = 0;
        publisher.read(reading);
        if (closed) {
            return; // by the listener
        }
        endpoints.stream().filter(e -> e != endpoint).forEach(Endpoint::discard);
        watch(endpoint, reading.revision() + 1);
    }

    private void watch(Endpoint endpoint, long fromRevision) {
        long mine = ++turn;
        watchedSince = System.nanoTime();
        timer = loop.after(timing.patience(), () -> {
            if (mine == turn) {
                lost(endpoint, "the watch was not confirmed in time", false);
            }
        });
        watch = endpoint.watch(fromRevision, narrow, new Endpoint.WatchEvents() {
            @Override
            public void created(long clusterId, long term, long revision, boolean complete) {
                onTurn(() -> confirmed(endpoint, clusterId, term, revision, complete));
            }

            @Override
            public void changed(long clusterId, long term, List<KeyChange> changes) {
                onTurn(() -> apply(endpoint, clusterId, term, changes));
            }

            @Override
            public void ended(String reason, boolean permissionDenied) {
                onTurn(() -> lost(endpoint, reason, permissionDenied));
            }

            private void onTurn(Runnable task) {
                loop.execute(() -> {
                    if (mine == turn) {
                        task.run();
                    }
                });
            }
        });
    }

    private void confirmed(Endpoint endpoint, long clusterId, long term, long revision, boolean complete) {
        KeyState known = publisher.state();
        if (known == null || new KeyState(clusterId, term, revision, Map.of()).strangerTo(known)) {
            // The etcd that was read is not the one that watches: wiped and restarted between the two, it would wait
            // in silence until its new revisions have reached the old ones.
            lost(endpoint, "the watch was confirmed by another or an older etcd", false);
        } else if (complete) {
            if (timer != null) {
                timer.cancel(false);
            }
            watched = endpoint;
            LOG.debug("watching {} after revision {}", endpoint.name(), known.revision());
        }
    }

    private void apply(Endpoint endpoint, long clusterId, long term, List<KeyChange> changes) {
        KeyState known = publisher.state();
        if (known == null || clusterId != known.clusterId() || term < known.term()) {
            lost(endpoint, "the watch speaks for another etcd cluster or an earlier term", false);
        } else if (narrow || changes.stream().anyMatch(change -> PatroniKeys.SYNC.equals(change.key()))) {
            // Several watches tell one revision in several responses, and not always in order: only a reading shows it
            // whole.
            refresh(endpoint);
        } else {
            publisher.changed(known.with(changes, term));
        }
    }

    private void refresh(Endpoint endpoint) {
        if (refreshing) {
            refreshAgain = true;
            return;
        }
        refresh(endpoint, false);
    }

    /** @param overtaken whether the reading before this one was: a linearizable one cannot be again and again */
    private void refresh(Endpoint endpoint, boolean overtaken) {
        refreshing = true;
        refreshAgain = false;
        long mine = turn;
        round = ReadRound.start(loop, List.of(endpoint), Endpoint::read, timing.patience(), new ReadRound.Handler() {
            @Override
            public boolean answered(Endpoint from, KeyState reading) {
                KeyState known = publisher.state();
                if (mine != turn || known == null) {
                    return false;
                }
                if (reading.strangerTo(known)) {
                    if (overtaken || !reading.overtakenBy(known)) {
                        return false;
                    }
                    // An event of a later revision came first, which is no trouble of the watch's.
                    refresh(endpoint, true);
                    return true;
                }
                refreshing = false;
                publisher.read(reading);
                if (refreshAgain && mine == turn) {
                    refresh(endpoint);
                }
                return true;
            }

            @Override
            public void unsettled(Set<Endpoint> answered, String failures) {
                if (mine == turn) {
                    lost(endpoint, "reading after an event failed: " + failures, false);
                }
            }
        });
    }

    private void lost(Endpoint endpoint, String reason, boolean permissionDenied) {
        LOG.debug("watch on {} is over: {}", endpoint.name(), reason);
        boolean lived = watched != null
                && System.nanoTime() - watchedSince > timing.settled().toNanos();
        if (permissionDenied && !narrow) {
            narrow = true;
            LOG.debug("watching key by key: the user may not read the whole range");
        }
        if (lived) {
            attempt = 0; // else a watch that dies as soon as it is made would be made in a tight loop
        }
        later();
    }

    private void again(String failures) {
        // An etcd that elects a leader refuses one reading and lets the next wait: that alone is no silence.
        if (++failedRounds > 1 || publisher.state() == null) {
            publisher.degraded(failures);
        }
        later();
    }

    private void later() {
        if (closed) {
            return;
        }
        letGo();
        long mine = turn;
        Duration pause = timing.backoff(++attempt);
        timer = loop.after(pause, () -> {
            if (mine == turn) {
                resync("attempt " + attempt);
            }
        });
    }
}
