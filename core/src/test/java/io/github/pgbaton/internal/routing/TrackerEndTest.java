package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.internal.socket.BatonSocketFactory;
import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.topology.HostPort;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** In which order the parts of a tracker end, and what becomes of a source that it cannot follow. */
@Timeout(60)
class TrackerEndTest {
    /** One that says nothing; what it does at its start and at its end is the test's. */
    private record Silent(Runnable atStart, Runnable atEnd) implements LeaderSource {
        @Override
        public void start(Listener listener) {
            atStart.run();
        }

        @Override
        public void suspect() {}

        @Override
        public void trust() {}

        @Override
        public String description() {
            return "silent";
        }

        @Override
        public void close() {
            atEnd.run();
        }
    }

    private static BatonConfig config() throws Exception {
        return config(1);
    }

    /** @param port of which threads have their names */
    private static BatonConfig config(int port) throws Exception {
        Properties caller = new Properties();
        caller.setProperty("user", "app");
        return ConnectionSpec.parse("jdbc:pgbaton:postgresql://127.0.0.1:" + port + "/db", caller)
                .config();
    }

    private static Set<String> threadsOf(int port) {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.matches("pgbaton-.*-127\\.0\\.0\\.1:" + port + "(-.*)?"))
                .collect(Collectors.toSet());
    }

    @Test
    void socketsAreAbortedBeforeTheSourceTakesItsTimeToEnd() throws Exception {
        AtomicBoolean abortedBefore = new AtomicBoolean();
        RawSocket[] socket = new RawSocket[1];
        LeaderTracker tracker =
                new LeaderTracker(config(), new Silent(() -> {}, () -> abortedBefore.set(socket[0].aborted())));
        HostPort member = new HostPort("127.0.0.1", 1);
        try (BatonSocketFactory.Opening opening =
                new BatonSocketFactory.Opening(tracker.sockets(), member, RawSocket.Purpose.PRIMARY, null)) {
            new BatonSocketFactory(opening.key()).createSocket();
            socket[0] = Objects.requireNonNull(opening.socket());
        }
        tracker.close();
        assertThat(abortedBefore).isTrue();
    }

    @Test
    void sourceThatCannotBeFollowedIsClosed() throws Exception {
        AtomicBoolean closed = new AtomicBoolean();
        Error noThread = new OutOfMemoryError("unable to create native thread");
        LeaderSource source = new Silent(
                () -> {
                    throw noThread;
                },
                () -> closed.set(true));
        BatonConfig config = config();
        assertThatThrownBy(() -> Trackers.track(config, source)).isSameAs(noThread);
        assertThat(closed).isTrue();
    }

    @Test
    void noThreadIsLeftOfATrackerWhoseSourceCannotBeFollowed() throws Exception {
        Set<String> before = new HashSet<>();
        LeaderSource source = new Silent(
                () -> {
                    before.addAll(threadsOf(2));
                    throw new IllegalStateException("cannot be started");
                },
                () -> {});
        BatonConfig config = config(2);
        assertThatThrownBy(() -> Trackers.track(config, source)).hasMessage("cannot be started");
        assertThat(before).as("its timer ran").isNotEmpty();
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(threadsOf(2)).isEmpty());
    }

    @Test
    void noThreadIsLeftOfATrackerWhoseSourceCannotBeClosed() throws Exception {
        LeaderTracker tracker = Trackers.track(config(3), new Silent(() -> {}, () -> {
            throw new IllegalStateException("cannot be closed");
        }));
        assertThat(threadsOf(3)).as("its timer runs").isNotEmpty();
        assertThatThrownBy(tracker::close).hasMessage("cannot be closed");
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(threadsOf(3)).isEmpty());
    }
}
