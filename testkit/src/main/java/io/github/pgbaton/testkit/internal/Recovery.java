package io.github.pgbaton.testkit.internal;

import com.google.gson.JsonElement;
import io.github.pgbaton.testkit.ClusterException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a broken cluster healthy again, whatever broke it.
 *
 * <p>Once every process runs that is Patroni's work. It is woken, so that nothing waits for the next round; and when it
 * does not get there by itself, a member that cannot find its way back is copied anew.
 */
final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);
    private static final Duration WAKE = Duration.ofMillis(500);
    /** How long Patroni may try by itself, on top of two rounds. */
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Settings settings;
    private final Observer observer;
    private final Health health;
    private final Units units;
    private final Network network;
    private final List<String> members;

    Recovery(Settings settings, Observer observer, Health health, Units units, Network network) {
        this.settings = settings;
        this.observer = observer;
        this.health = health;
        this.units = units;
        this.network = network;
        this.members = settings.memberNames();
    }

    /** Gets everything to run again; returns whether anything did not. */
    boolean undo(Duration deadline) {
        boolean undone = network.healAll();
        for (Unit etcd : units.etcd()) {
            undone |= etcd.resume() | etcd.start();
        }
        Waiting.until(deadline, "etcd is back", observer::silentEtcd);
        Optional<String> leader = observer.leader();
        for (int i = 0; i < members.size(); i++) {
            Unit member = units.members().get(i);
            if (member.hasStopped() && !leader.equals(Optional.of(members.get(i)))) {
                // Not resumed: a Patroni that sleeps through the end of its lease may wake up, renew it and put the
                // leader key back over its successor's, whose commits are then lost (seen with 3.0.2 and etcd3).
                member.kill();
            }
            undone |= member.resume() | member.start();
        }
        for (Unit proxy : units.haproxy().stream().toList()) {
            undone |= proxy.resume() | proxy.start();
        }
        return undone;
    }

    /**
     * Waits until all is well.
     *
     * @param undone whether there was a fault, so that looking well is not enough
     * @param begin when it was undone, in milliseconds since the epoch
     */
    void awaitHealthy(Duration deadline, boolean undone, long begin) {
        String first = health.problem();
        if (!undone && first == null) {
            return;
        }
        LOG.info("restoring the cluster: {}", first == null ? "something stood still" : first);
        Duration patience = PATIENCE.plus(settings.loopWait().multipliedBy(2));
        Schedule wake = new Schedule(Duration.ZERO, WAKE);
        Schedule interfere = new Schedule(patience, patience);
        try {
            awaitHealthy(deadline, undone, begin, wake, interfere);
        } catch (ClusterException e) {
            throw new ClusterException(e.getMessage() + units.memberLogs(), e);
        }
    }

    private void awaitHealthy(Duration deadline, boolean undone, long begin, Schedule wake, Schedule interfere) {
        Waiting.until(deadline, "a restored cluster", () -> {
            String problem = undone ? stale(begin) : null;
            if (problem == null) {
                problem = health.problem();
            }
            if (problem != null && wake.isDue()) {
                for (int i = 0; i < members.size(); i++) {
                    observer.rest(i).wake(settings.ttl());
                }
            }
            if (problem != null && interfere.isDue()) {
                LOG.info("still {}: helping Patroni", problem);
                observer.leader().filter(members::contains).ifPresent(this::interfere);
            }
            return problem;
        });
    }

    /** Says when something is to be done again. */
    private static final class Schedule {
        private final Duration period;
        private long next;

        Schedule(Duration first, Duration period) {
            this.period = period;
            this.next = System.nanoTime() + first.toNanos();
        }

        boolean isDue() {
            long now = System.nanoTime();
            if (now - next < 0) {
                return false;
            }
            next = now + period.toNanos();
            return true;
        }
    }

    private void interfere(String leader) {
        String syncLeader =
                Health.string(Health.json(observer.etcd().value("sync").orElse("{}")), "leader");
        if (!syncLeader.isEmpty() && !syncLeader.equals(leader)) {
            try {
                // A leader that came by the key without a promotion never dares to overwrite this one.
                observer.etcd().delete("sync");
            } catch (IOException e) {
                LOG.debug("the sync key stays", e);
            }
        }
        for (String member : members) {
            if (!leader.equals(member) && health.isLost(leader, member)) {
                try {
                    observer.rest(members.indexOf(member)).reinitialize();
                } catch (ClusterException e) {
                    LOG.debug("{} is busy with something else", member, e);
                }
            }
        }
    }

    /**
     * A member whose Patroni has not talked to etcd since the fault ended. Until then all may look well and yet a
     * primary be about to find out that its leader key has expired.
     */
    private @Nullable String stale(long begin) {
        for (int i = 0; i < members.size(); i++) {
            try {
                JsonElement seen = observer.rest(i).status().get("dcs_last_seen");
                // Patroni rounds down to seconds.
                if (seen != null && seen.getAsLong() * 1000 <= begin) {
                    return members.get(i) + " has not talked to etcd again";
                }
            } catch (IOException e) {
                return members.get(i) + ": " + e.getMessage();
            }
        }
        return null;
    }
}
