package io.github.pgbaton.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AuditTest {
    @Test
    void everyAcknowledgedKeyOnceIsClean() {
        assertThat(Audit.of(List.of("a", "b"), Map.of("a", 1, "b", 1))).isEqualTo(new Audit(0, 0));
    }

    @Test
    void acknowledgedKeyThatIsNotThereIsLost() {
        assertThat(Audit.of(List.of("a", "b", "c"), Map.of("b", 1))).isEqualTo(new Audit(2, 0));
    }

    @Test
    void keyThatIsThereTwiceIsDoubledAcknowledgedOrNot() {
        assertThat(Audit.of(List.of("a"), Map.of("a", 3, "b", 2))).isEqualTo(new Audit(0, 2));
    }

    @Test
    void keyThatWasNeverAcknowledgedMayBeThere() {
        assertThat(Audit.of(List.of(), Map.of("a", 1))).isEqualTo(new Audit(0, 0));
    }
}
