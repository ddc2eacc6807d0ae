package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.ClusterException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Helps Patroni to make a cluster healthy once every process runs: wakes it, so that nothing waits for the next round,
 * and has a member copied anew that cannot find its way back.
 */
final class Recovery {
    private static final Duration WAKE = Duration.ofMillis(500);

    private final Observer observer;
    private final Health health;
    private final Settings settings;
    private final List<String> members;

    Recovery(Observer observer, Health health, Settings settings, List<String> members) {
        this.observer = observer;
        this.health = health;
        this.settings = settings;
        this.members = members;
    }

    void run(Duration deadline) {
        long begin = System.nanoTime();
        // Half of the time is Patroni's own; only then do we interfere.
        long[] reinitializeAt = {begin + deadline.toNanos() / 2};
        long[] wakeAt = {begin};
        Waiting.until(deadline, "a restored cluster", () -> {
            String problem = health.problem();
            if (problem == null) {
                return null;
            }
            long now = System.nanoTime();
            if (now - wakeAt[0] >= 0) {
                wakeAt[0] = now + WAKE.toNanos();
                for (int i = 0; i < members.size(); i++) {
                    observer.rest(i).wake(settings.ttl());
                }
            }
            if (now - reinitializeAt[0] >= 0) {
                reinitializeAt[0] = now + deadline.toNanos();
                reinitializeLost();
            }
            return problem;
        });
    }

    private void reinitializeLost() {
        Optional<String> leader = observer.leader();
        for (String member : members) {
            if (leader.isPresent() && !leader.get().equals(member) && health.isLost(leader.get(), member)) {
                try {
                    observer.rest(members.indexOf(member)).reinitialize();
                } catch (ClusterException e) {
                    // It is busy with something else; the deadline will tell.
                }
            }
        }
    }
}
