package io.github.pgbaton.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.testkit.EtcdEvents.Event;
import io.github.pgbaton.testkit.EtcdEvents.Kind;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LiveViewTest {
    @Test
    void showsElectionsAndDeathsNotChatter() {
        assertThat(LiveView.matters(event(Kind.PUT, "leader", "node2"))).isTrue();
        assertThat(LiveView.matters(event(Kind.DELETE, "members/node1", null))).isTrue();
        assertThat(LiveView.matters(event(Kind.PUT, "members/node1", "{}"))).isFalse();
        assertThat(LiveView.matters(event(Kind.PUT, "status", "{}"))).isFalse();
    }

    @Test
    void showsTheEndOfALongValue() {
        assertThat(LiveView.text(event(Kind.PUT, "leader", "node2"))).isEqualTo("PUT leader node2");
        assertThat(LiveView.text(event(Kind.DELETE, "leader", null))).isEqualTo("DELETE leader");
        assertThat(LiveView.text(event(Kind.PUT, "history", "x".repeat(100) + "node2")))
                .startsWith("PUT history ...x")
                .endsWith("node2")
                .hasSizeLessThan(80);
    }

    private static Event event(Kind kind, String key, @Nullable String value) {
        return new Event(kind, key, Optional.ofNullable(value), 1, 1, Instant.EPOCH);
    }
}
