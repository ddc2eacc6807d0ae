package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.topology.ClusterSettings;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Leader;
import io.github.pgbaton.topology.Switchover;
import io.github.pgbaton.topology.Topology;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** When a transaction may still begin on a primary that is about to stop. */
class SwitchoverHoldTest {
    private static final Duration AGES = Duration.ofHours(1);
    private static final Switchover PLANNED = new Switchover("node1", "node2", false);
    private static final Route ROUTE = Route.NONE.elected("node1", new HostPort("10.0.0.1", 5432), Topology.UNKNOWN);

    private final SwitchoverHold hold = new SwitchoverHold(AGES, AGES);

    @Test
    void transactionsGoOnWhileASwitchoverIsOnlyAnnounced() {
        assertThat(hold.update(ROUTE, announcing(PLANNED))).isTrue();

        assertThat(hold.announcedAndOpen()).isTrue();
        assertThat(hold.active()).isFalse();
    }

    @Test
    void theyAreHeldOnceTheLeaderIsGivingUp() {
        hold.update(ROUTE, announcing(PLANNED));
        assertThat(hold.update(ROUTE, announcing(PLANNED.asBegun())))
                .as("it is the same switchover")
                .isFalse();

        assertThat(hold.active()).isTrue();
        assertThat(hold.update(ROUTE, announcing(PLANNED))).isFalse();
        assertThat(hold.active()).as("what has begun is not taken back").isTrue();
    }

    @Test
    void theyAreHeldAtOnceWhereTheFirstNewsOfItIsThatItHasBegun() {
        assertThat(hold.update(ROUTE, announcing(PLANNED.asBegun()))).isTrue();

        assertThat(hold.active()).isTrue();
    }

    @Test
    void theyAreHeldAfterTheGraceThoughNothingShowsThatItHasBegun() {
        SwitchoverHold impatient = new SwitchoverHold(AGES, Duration.ZERO);
        impatient.update(ROUTE, announcing(PLANNED));

        assertThat(impatient.active()).isTrue();
    }

    @Test
    void theNextSwitchoverHasAGraceOfItsOwn() {
        hold.update(ROUTE, announcing(PLANNED.asBegun()));
        hold.update(ROUTE, announcing(null));
        assertThat(hold.active()).isFalse();
        assertThat(hold.withdrawn(ROUTE, announcing(null))).isTrue();

        assertThat(hold.update(ROUTE, announcing(PLANNED))).isTrue();
        assertThat(hold.active()).isFalse();
    }

    @Test
    void whatIsOnlyAnnouncedHasHeldNothing() {
        hold.update(ROUTE, announcing(PLANNED));
        assertThat(hold.held()).isZero();

        hold.update(ROUTE, announcing(PLANNED.asBegun()));
        assertThat(hold.held()).isPositive();
    }

    @Test
    void itHasHeldFromTheEndOfTheGraceToItsOwnEnd() {
        Duration longest = Duration.ofMillis(100);
        SwitchoverHold brief = new SwitchoverHold(longest, Duration.ofMillis(60));
        brief.update(ROUTE, announcing(PLANNED));
        await().atMost(Duration.ofSeconds(20)).until(brief::expire);

        assertThat(brief.held()).as("however late it is asked").isEqualTo(Duration.ofMillis(40));
    }

    @Test
    void graceThatOutlastsTheHoldLeavesNothingHeld() {
        SwitchoverHold brief = new SwitchoverHold(Duration.ofMillis(1), Duration.ofMillis(2));
        brief.update(ROUTE, announcing(PLANNED));
        await().atMost(Duration.ofSeconds(20)).until(brief::expire);

        assertThat(brief.held()).isZero();
    }

    private static Topology announcing(@Nullable Switchover planned) {
        return new Topology(new Leader("node1", 1), Map.of(), null, 0, planned, ClusterSettings.DEFAULTS, 0, 1);
    }
}
