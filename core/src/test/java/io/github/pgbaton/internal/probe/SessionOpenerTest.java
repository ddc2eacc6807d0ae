package io.github.pgbaton.internal.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.socket.NameLookUps;
import io.github.pgbaton.internal.socket.SocketRegistry;
import io.github.pgbaton.internal.socket.Threads;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.topology.HostPort;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What opening a session says of the member, and what it does not. */
@Timeout(60)
class SessionOpenerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final SocketRegistry sockets = new SocketRegistry("opener");
    private final NameLookUps names = new NameLookUps("opener");
    private final ScheduledThreadPoolExecutor timer = Threads.timer("opener-timer");
    private final SessionOpener opener = new SessionOpener(sockets, names, timer, PATIENCE);

    @AfterEach
    void close() {
        sockets.close();
        names.close();
        timer.shutdownNow();
    }

    @Test
    void interruptedCallerIsNoFailureOfTheMember() throws Exception {
        try (ScriptedPostgres member = new ScriptedPostgres()) {
            HostPort byName = new HostPort("localhost", member.address().port());
            Properties caller = new Properties();
            caller.setProperty("user", "app");
            ConnectionSpec spec =
                    ConnectionSpec.parse("jdbc:pgbaton:postgresql://" + byName + "/db?sslmode=disable", caller);
            Thread.currentThread().interrupt();
            try {
                assertThatThrownBy(() -> opener.open(byName, spec, Deadline.in(PATIENCE)))
                        .isInstanceOf(InterruptedException.class);
            } finally {
                Thread.interrupted();
            }
            assertThat(member.accepted()).isZero();
            opener.open(byName, spec, Deadline.in(PATIENCE)).discard(sockets);
        }
    }
}
