package io.github.pgbaton.testkit.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.testkit.Truth.Interval;
import io.github.pgbaton.testkit.Truth.Outage;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ProbingTruthTest {
    private static final Instant EPOCH = Instant.EPOCH;

    @Test
    void noIntervalNoOutage() {
        assertThat(ProbingTruth.outages(List.of(), 100)).isEmpty();
    }

    @Test
    void aGapBetweenTwoMembersIsAnOutage() {
        List<Outage> outages =
                ProbingTruth.outages(List.of(interval("node2", 150, 300, true), interval("node1", 0, 100, false)), 310);

        assertThat(outages).singleElement().satisfies(outage -> {
            assertThat(outage.fromNanos()).isEqualTo(100);
            assertThat(outage.toNanos()).isEqualTo(OptionalLong.of(150));
            assertThat(outage.length()).isEqualTo(java.time.Duration.ofNanos(50));
            assertThat(outage.lastWritable()).isEqualTo("node1");
            assertThat(outage.nextWritable()).contains("node2");
            assertThat(outage.open()).isFalse();
        });
    }

    @Test
    void anOutageLastsUntilSomebodyIsWritable() {
        List<Outage> outages = ProbingTruth.outages(List.of(interval("node1", 0, 100, false)), 1000);

        assertThat(outages).singleElement().satisfies(outage -> {
            assertThat(outage.open()).isTrue();
            assertThat(outage.length()).isEqualTo(java.time.Duration.ofNanos(900));
            assertThat(outage.nextWritable()).isEqualTo(Optional.empty());
        });
    }

    @Test
    void aZombieHidesNoOutageAndMakesNone() {
        // node1 goes on while node2 is writable already, and ends within node2's interval.
        List<Outage> outages =
                ProbingTruth.outages(List.of(interval("node1", 0, 200, false), interval("node2", 150, 300, true)), 310);

        assertThat(outages).isEmpty();
    }

    private static Interval interval(String member, long from, long to, boolean open) {
        return new Interval(member, from, to, open, EPOCH);
    }
}
