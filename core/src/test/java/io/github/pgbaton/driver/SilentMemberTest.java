package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.SocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is done about members that say nothing any more, and what it costs those that do. */
@Timeout(60)
class SilentMemberTest {
    private final Scripts scripts = new Scripts("silent");

    @AfterEach
    void close() throws Exception {
        scripts.close();
    }

    @Test
    void withoutAThresholdAThirdOfPatronisTtlIsTaken() throws Exception {
        ScriptedPostgres member = scripts.server();
        ScriptedLeaderSource source = scripts.source(member).settings(Duration.ofSeconds(1), false, false);
        source.elect("node1");
        try (Connection connection = scripts.following("replay=off").getConnection()) {
            int before = member.accepted();
            member.script(sql -> ScriptedPostgres.Reaction.HANG);
            member.mute(true);
            // With the default ttl of 30 s nobody would look within this test's time but twice.
            assertThatThrownBy(() -> Scripts.run(connection, "SELECT 1"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("40003"));
            assertThat(member.accepted() - before).as("three knocks").isEqualTo(3);
        }
    }

    @Test
    void callsThatReturnQuicklyAreNeverLookedInto() throws Exception {
        ScriptedPostgres member = scripts.server();
        scripts.source(member).elect("node1");
        BatonDataSource watching = scripts.following("hangThreshold=500ms");
        // What this machine delays is no call that returns quickly, and shows nothing either way.
        await().atMost(Duration.ofSeconds(50)).until(() -> {
            int before = member.accepted();
            long slowest = slowestOfMany(watching);
            if (slowest > Duration.ofMillis(500).toNanos()) {
                return false;
            }
            assertThat(member.accepted() - before)
                    .as("the session, and no knock")
                    .isEqualTo(1);
            return true;
        });
    }

    /** How long the slowest call takes, over a time that is longer than two looks are apart. */
    private static long slowestOfMany(BatonDataSource watching) throws SQLException {
        long slowest = 0;
        long last = System.nanoTime();
        long end = last + Duration.ofMillis(2500).toNanos();
        try (Connection connection = watching.getConnection()) {
            while (last - end < 0) {
                Scripts.run(connection, "SELECT 1");
                long now = System.nanoTime();
                slowest = Math.max(slowest, now - last);
                last = now;
            }
        }
        return slowest;
    }

    @Test
    void keepaliveIsOnUnlessTheApplicationSwitchesItOff() throws Exception {
        ScriptedPostgres member = scripts.server();
        scripts.source(member).elect("node1");
        String noting = "socketFactory=" + NotingSocketFactory.class.getName();
        NotingSocketFactory.MADE.clear();
        scripts.following(noting).getConnection();
        assertThat(NotingSocketFactory.MADE.get(0).getKeepAlive()).isTrue();

        NotingSocketFactory.MADE.clear();
        scripts.following(noting, "tcpKeepAlive=false").getConnection();
        assertThat(NotingSocketFactory.MADE.get(0).getKeepAlive()).isFalse();
    }

    /** An application's own factory. */
    public static final class NotingSocketFactory extends SocketFactory {
        static final List<Socket> MADE = new CopyOnWriteArrayList<>();

        @Override
        public Socket createSocket() {
            Socket socket = new Socket();
            MADE.add(socket);
            return socket;
        }

        @Override
        public Socket createSocket(String host, int port) throws IOException {
            throw new IOException("unconnected sockets only");
        }

        @Override
        public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
            return createSocket(host, port);
        }

        @Override
        public Socket createSocket(InetAddress host, int port) throws IOException {
            return createSocket(host.getHostAddress(), port);
        }

        @Override
        public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) throws IOException {
            return createSocket(host, port);
        }
    }
}
