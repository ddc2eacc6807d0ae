package io.github.pgbaton.internal.rest;

import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.topology.Leader;
import io.github.pgbaton.topology.Topology;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** Remembers what a source told, in order, and on which threads. */
final class Recorder implements LeaderSource.Listener {
    static final Duration SOON = Duration.ofSeconds(15);

    final List<Topology> published = new CopyOnWriteArrayList<>();
    final List<String> degraded = new CopyOnWriteArrayList<>();
    final Set<String> threads = ConcurrentHashMap.newKeySet();

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

    static @Nullable String leader(Topology topology) {
        Leader leader = topology.leader();
        return leader == null ? null : leader.member();
    }

    List<String> leaders() {
        return published.stream()
                .map(topology -> String.valueOf(leader(topology)))
                .distinct()
                .toList();
    }

    /** Where the leaders were said to be, and as what. */
    List<String> places() {
        return published.stream()
                .map(topology -> topology.leaderMember()
                        .map(member -> member.name() + " at " + member.address() + " as "
                                + (topology.settings().standbyCluster() ? "standby leader" : "primary"))
                        .orElse(leader(topology) + " nowhere"))
                .distinct()
                .toList();
    }

    Topology awaitLeader(@Nullable String name) {
        return await(
                "leader " + name, topology -> topology != Topology.UNKNOWN && Objects.equals(leader(topology), name));
    }

    Topology await(String what, Predicate<Topology> condition) {
        Awaitility.await(what)
                .pollInterval(Duration.ofMillis(5))
                .pollDelay(Duration.ZERO)
                .atMost(SOON)
                .until(() -> condition.test(last()));
        return last();
    }

    void awaitDegraded(int times) {
        Awaitility.await("degraded " + times).atMost(SOON).until(() -> degraded.size() >= times);
    }
}
