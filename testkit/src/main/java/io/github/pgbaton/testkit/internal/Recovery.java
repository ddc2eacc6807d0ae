package io.github.pgbaton.testkit.internal;

import com.google.gson.JsonElement;
import io.github.pgbaton.testkit.ClusterException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Helps Patroni to make a cluster healthy once every process runs: wakes it, so that nothing waits for the next round,
 * and has a member copied anew that cannot find its way back.
 */
final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);
    private static final Duration WAKE = Duration.ofMillis(500);
    /** How long Patroni may try by itself, on top of two rounds. */
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Observer observer;
    private final Health health;
    private final Settings settings;
    private final List<String> members;
    private final double begin;

    /** Makes healthy what was broken until {@code begin}, in seconds since the epoch as Patroni counts. */
    Recovery(Observer observer, Health health, Settings settings, List<String> members, double begin) {
        this.observer = observer;
        this.health = health;
        this.settings = settings;
        this.members = members;
        this.begin = begin;
    }

    void run(Duration deadline) {
        Duration patience = PATIENCE.plus(settings.loopWait().multipliedBy(2));
        Schedule wake = new Schedule(Duration.ZERO, WAKE);
        Schedule interfere = new Schedule(patience, patience);
        Waiting.until(deadline, "a restored cluster", () -> {
            String problem = stale();
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
    private @Nullable String stale() {
        for (int i = 0; i < members.size(); i++) {
            try {
                JsonElement seen = observer.rest(i).status().get("dcs_last_seen");
                // Patroni rounds down to seconds.
                if (seen != null && seen.getAsDouble() <= begin) {
                    return members.get(i) + " has not talked to etcd again";
                }
            } catch (IOException e) {
                return members.get(i) + ": " + e.getMessage();
            }
        }
        return null;
    }
}
