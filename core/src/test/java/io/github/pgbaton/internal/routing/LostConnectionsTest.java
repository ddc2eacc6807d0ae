package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.topology.HostPort;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** When a connection of a living member counts as lost. */
class LostConnectionsTest {
    private static final HostPort MEMBER = new HostPort("10.0.0.1", 5432);

    private final LostConnections<String> connections = new LostConnections<>();

    private LostConnections.Finding<String> look(int sentAgain) {
        return connections.look(MEMBER, Map.of("one", sentAgain, "other", 0));
    }

    @Test
    void isTheOneWhoseBytesWereSentAgainAfterASignOfLifeInVain() {
        assertThat(look(3)).isEqualTo(new LostConnections.Finding<>(Set.of(), true));
        assertThat(look(4).lost()).as("it may be acknowledged in a moment").isEmpty();
        assertThat(look(4)).isEqualTo(new LostConnections.Finding<>(Set.of("one"), false));
    }

    @Test
    void isNoneBeforeItWasSentAgainAfterTheFirstSignOfLife() {
        for (int i = 0; i < 10; i++) {
            // The network was gone for a while, and the kernel has not tried again since it came back.
            assertThat(look(6)).isEqualTo(new LostConnections.Finding<>(Set.of(), true));
        }
    }

    @Test
    void isNoneThatIsAcknowledgedAfterAll() {
        look(5);
        look(6);
        assertThat(look(0)).isEqualTo(new LostConnections.Finding<>(Set.of(), false));
        assertThat(look(6).lost()).isEmpty();
    }

    @Test
    void isNoneWhoseNextBytesAreSentAgain() {
        look(5);
        look(6);
        assertThat(look(2).lost()).isEmpty();
        assertThat(look(3).lost()).isEmpty();
        assertThat(look(3).lost()).containsExactly("one");
    }

    @Test
    void isNoneThatWasSentAgainOnceOrTwice() {
        look(1);
        look(2);
        assertThat(look(2).lost()).isEmpty();
    }

    @Test
    void isLookedAtFromTheBeginningWhereNobodyHasWaitedMeanwhile() {
        look(3);
        look(4);
        connections.retain(List.of());
        assertThat(look(4).lost()).isEmpty();
    }
}
