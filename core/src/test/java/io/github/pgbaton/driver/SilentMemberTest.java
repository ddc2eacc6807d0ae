package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
            member.script(sql -> ScriptedPostgres.Reaction.HANG);
            member.mute(true);
            // With the default ttl of 30 s nobody would look within this test's time but twice.
            assertThatThrownBy(() -> Scripts.run(connection, "SELECT 1"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("40003"));
            assertThat(member.accepted()).as("the session, and three knocks").isEqualTo(4);
        }
    }

    @Test
    void callsThatReturnQuicklyAreNeverLookedInto() throws Exception {
        ScriptedPostgres member = scripts.server();
        scripts.source(member).elect("node1");
        try (Connection connection = scripts.following("hangThreshold=500ms").getConnection()) {
            // Longer than two looks are apart.
            long end = System.nanoTime() + Duration.ofMillis(2500).toNanos();
            while (System.nanoTime() - end < 0) {
                Scripts.run(connection, "SELECT 1");
            }
        }
        assertThat(member.accepted()).as("the session, and no knock").isEqualTo(1);
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
