package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.event.FailoverListener;
import io.github.pgbaton.event.FailoverListeners;
import io.github.pgbaton.topology.HostPort;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class EventQueueTest {

    @Test
    void errorOfOneListenerKeepsNothingFromTheOthers() {
        EventQueue events = new EventQueue("errors");
        List<FailoverEvent> heard = new CopyOnWriteArrayList<>();
        FailoverListener failing = event -> {
            throw new AssertionError("a listener's own");
        };
        FailoverListener hearing = heard::add;
        FailoverListeners.add(failing);
        FailoverListeners.add(hearing);
        try {
            events.publish(new FailoverEvent.NotificationsMissed("errors", Instant.now(), List.of("orders")));
            await().atMost(Duration.ofSeconds(20)).until(() -> heard.size() == 1);
        } finally {
            FailoverListeners.remove(failing);
            FailoverListeners.remove(hearing);
            events.close();
        }
    }

    /** As where the thread that has elected is put aside, and those that it woke are not. */
    @Test
    void eventIsHeardBehindThoseThatHappenedBeforeItThoughTheyAreToldLater() {
        EventQueue events = new EventQueue("ordered");
        FailoverLog log = new FailoverLog("ordered", events);
        List<FailoverEvent> heard = new CopyOnWriteArrayList<>();
        FailoverListener hearing = heard::add;
        FailoverListeners.add(hearing);
        try {
            log.elected("node2", new HostPort("10.0.0.2", 5432));
            events.publish(new FailoverEvent.NotificationsMissed("ordered", Instant.now(), List.of("orders")));
            log.flush();
            await().atMost(Duration.ofSeconds(20)).until(() -> heard.size() == 2);
            assertThat(heard.get(0)).isInstanceOf(FailoverEvent.LeaderElected.class);
        } finally {
            FailoverListeners.remove(hearing);
            events.close();
        }
    }
}
