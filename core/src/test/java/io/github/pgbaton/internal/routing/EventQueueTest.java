package io.github.pgbaton.internal.routing;

import static org.awaitility.Awaitility.await;

import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.event.FailoverListener;
import io.github.pgbaton.event.FailoverListeners;
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
}
