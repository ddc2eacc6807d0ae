package io.github.pgbaton.internal.rest;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.topology.ClusterSettings;
import io.github.pgbaton.topology.Topology;
import java.time.Duration;
import java.util.HashSet;
import java.util.LongSummaryStatistics;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** A thousand clients do not ask Patroni in step: each wait is drawn, from the whole of its range and from nothing else. */
class TimingTest {
    private static final int DRAWS = 1000;
    private static final ClusterSettings SETTINGS = Topology.UNKNOWN.settings();

    private static void spreads(Supplier<Duration> wait, Duration least, Duration most) {
        Set<Long> drawn = new HashSet<>();
        for (int i = 0; i < DRAWS; i++) {
            drawn.add(wait.get().toNanos());
        }
        LongSummaryStatistics range = drawn.stream().mapToLong(Long::longValue).summaryStatistics();
        assertThat(drawn).hasSizeGreaterThan(DRAWS / 2);
        assertThat(range.getMin()).isBetween(least.toNanos(), (least.toNanos() * 3 + most.toNanos()) / 4);
        assertThat(range.getMax()).isBetween((least.toNanos() + most.toNanos() * 3) / 4, most.toNanos());
    }

    @Test
    void roundsWhileTheLeaderIsInDoubt() {
        spreads(Timing.DEFAULT::untilNextRound, Timing.DEFAULT.fastLeast(), Timing.DEFAULT.fastMost());
    }

    @Test
    void questionsWhileAllIsWell() {
        Duration most = Timing.DEFAULT.calmMost();
        assertThat(SETTINGS.ttl().dividedBy(3)).isGreaterThanOrEqualTo(most);
        spreads(
                () -> Timing.DEFAULT.untilNextQuestion(SETTINGS),
                most.multipliedBy(4).dividedBy(5),
                most);
    }

    @Test
    void questionsWhileNobodyLeads() {
        Duration most = Timing.DEFAULT.leaderlessMost();
        spreads(
                () -> Timing.DEFAULT.untilNextQuestionWithoutLeader(SETTINGS),
                most.multipliedBy(4).dividedBy(5),
                most);
    }
}
