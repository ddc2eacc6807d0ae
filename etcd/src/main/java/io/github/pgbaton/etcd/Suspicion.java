package io.github.pgbaton.etcd;

import io.github.pgbaton.internal.socket.Loop;
import io.github.pgbaton.topology.Leader;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the leader key itself while somebody has reason to doubt the leader, and ends by itself.
 *
 * <p>A watch on an etcd member that froze, or whose machine is gone, is silent for 13 s until gRPC's keepalive notices.
 * When etcd shares the machine with the primary, that is exactly the machine that failed. So every endpoint is asked,
 * each second, for the leader key: the first that knows another leader, or that answers while the watch's own endpoint
 * does not, gets the watch. Confined to the loop.
 */
final class Suspicion {
    private static final Duration MARGIN = Duration.ofSeconds(5);
    private static final int SILENT_ROUNDS = 3;

    /** What the follower offers a suspicion. */
    interface Host {
        /** The endpoint that carries the watch, null while there is no watch. */
        @Nullable
        Endpoint watched();

        /** Read everything again and put the watch where the answer comes from. */
        void resync(String reason);
    }

    private final Loop loop;
    private final List<Endpoint> endpoints;
    private final Publisher publisher;
    private final Timing timing;
    private final Host host;
    private boolean active;
    private long endsAt;
    private int silentRounds;
    private @Nullable Leader suspected;
    private @Nullable ReadRound round;
    private @Nullable Future<?> timer;

    Suspicion(Loop loop, List<Endpoint> endpoints, Publisher publisher, Timing timing, Host host) {
        this.loop = loop;
        this.endpoints = endpoints;
        this.publisher = publisher;
        this.timing = timing;
        this.host = host;
    }

    /** Starts looking, or goes on for longer. */
    void raise() {
        endsAt = System.nanoTime()
                + publisher.topology().settings().ttl().plus(MARGIN).toNanos();
        if (!active) {
            active = true;
            silentRounds = 0;
            suspected = publisher.topology().leader();
            look();
        }
    }

    /** There is no doubt any more: only the connection of the watch is kept. */
    void end() {
        if (active) {
            stop();
            endpoints.stream().filter(e -> e != host.watched()).forEach(Endpoint::discard);
        }
    }

    void stop() {
        active = false;
        if (round != null) {
            round.cancel();
        }
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private void look() {
        if (!active) {
            return;
        }
        Leader now = publisher.topology().leader();
        boolean settled = now != null && !Objects.equals(now, suspected);
        if (settled || System.nanoTime() - endsAt > 0) {
            end();
            return;
        }
        timer = loop.after(timing.untilNextProbe(), this::look);
        if (host.watched() != null) { // else everything is being read anyway
            if (round != null) {
                round.cancel();
            }
            round = ReadRound.start(loop, endpoints, Endpoint::readLeader, timing.probe(), new Answers());
        }
    }

    private final class Answers implements ReadRound.Handler {
        @Override
        public boolean answered(Endpoint endpoint, KeyState reading) {
            KeyState known = publisher.state();
            Endpoint watched = host.watched();
            if (known == null || watched == null) {
                return true;
            }
            if (publisher.strange(reading)) {
                // It lags, or was made anew on its own; an etcd that went back in time ends the watch, and is noticed
                // then.
                return false;
            }
            KeyEntry before = known.entries().get(PatroniKeys.LEADER);
            KeyEntry after = reading.entries().get(PatroniKeys.LEADER);
            boolean same = after == null ? before == null : after.sameAs(before);
            if (!same) {
                silentRounds = 0;
                host.resync(endpoint.name() + " knows more of the leader than the watch on " + watched.name());
                return true;
            }
            return false;
        }

        @Override
        public void unsettled(Set<Endpoint> answered, String failures) {
            Endpoint watched = host.watched();
            if (watched == null) {
                return;
            }
            endpoints.stream()
                    .filter(e -> e != watched && !answered.contains(e))
                    .forEach(Endpoint::discard); // the next look opens a new connection
            if (answered.contains(watched)) {
                silentRounds = 0;
            } else if (!answered.isEmpty()) {
                silentRounds = 0;
                host.resync("the endpoint of the watch is silent (" + failures + ")");
            } else if (++silentRounds >= SILENT_ROUNDS) {
                silentRounds = 0;
                host.resync("no endpoint answers (" + failures + ")");
            }
        }
    }
}
