package io.github.pgbaton.etcd;

import static org.awaitility.Awaitility.await;

import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.topology.Leader;
import io.github.pgbaton.topology.Topology;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Remembers what a source told, in order, and on which threads. */
final class Recorder implements LeaderSource.Listener {
    final List<Topology> published = new CopyOnWriteArrayList<>();
    final List<String> degraded = new CopyOnWriteArrayList<>();
    final List<String> threads = new CopyOnWriteArrayList<>();

    @Override
    public void published(Topology snapshot) {
        threads.add(Thread.currentThread().getName());
        published.add(snapshot);
    }

    @Override
    public void degraded(String reason) {
        threads.add(Thread.currentThread().getName());
        degraded.add(reason);
    }

    Topology last() {
        return published.isEmpty() ? Topology.UNKNOWN : published.get(published.size() - 1);
    }

    @Nullable
    String leader() {
        Leader leader = last().leader();
        return leader == null ? null : leader.member();
    }

    static Leader leaderOf(Topology topology) {
        return Objects.requireNonNull(topology.leader());
    }

    Topology awaitLeader(String name, Duration atMost) {
        return await(
                "leader " + name,
                atMost,
                t -> t.leader() != null && t.leader().member().equals(name));
    }

    Topology await(String what, Duration atMost, Predicate<Topology> condition) {
        org.awaitility.Awaitility.await(what)
                .pollInterval(Duration.ofMillis(2))
                .pollDelay(Duration.ZERO)
                .atMost(atMost)
                .until(() -> condition.test(last()));
        return last();
    }

    void awaitDegraded(int times, Duration atMost) {
        org.awaitility.Awaitility.await("degraded " + times).atMost(atMost).until(() -> degraded.size() >= times);
    }
}
