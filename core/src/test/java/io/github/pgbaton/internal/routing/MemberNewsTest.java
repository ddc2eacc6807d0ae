package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.internal.socket.BatonSocketFactory;
import io.github.pgbaton.internal.socket.RawSocket;
import io.github.pgbaton.internal.socket.SocketRegistry;
import io.github.pgbaton.internal.socket.Threads;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Topology;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Objects;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What members show, as far as it needs no server. */
class MemberNewsTest {
    private static final HostPort OLD = new HostPort("old", 5432);
    private static final HostPort NEXT = new HostPort("next", 5432);

    private final SocketRegistry sockets = new SocketRegistry("news");
    private final EventQueue events = new EventQueue("news");
    private final ScheduledThreadPoolExecutor timer = Threads.timer("news-timer");
    private final FailoverLog log = new FailoverLog("news", events);
    private final Aliases aliases = new Aliases();
    private final CurrentRoute current = new CurrentRoute(sockets, log, 8);

    @SuppressWarnings("NullAway") // nobody asks for replicas here, for which a tracker would be needed
    private final MemberNews news = new MemberNews(
            current,
            new Confirmation(current, timer, log, () -> {}, true),
            new Fence(),
            aliases,
            new Succession(),
            new Replicas(null),
            sockets,
            log,
            ScriptedLeaderSource.register("news"));

    @AfterEach
    void close() {
        sockets.close();
        events.close();
        timer.shutdownNow();
    }

    private RawSocket socketTo(HostPort address) throws IOException {
        try (BatonSocketFactory.Opening opening =
                new BatonSocketFactory.Opening(sockets, address, RawSocket.Purpose.PRIMARY, null)) {
            new BatonSocketFactory(opening.key()).createSocket();
            return Objects.requireNonNull(opening.socket());
        }
    }

    private Route elected(String member, HostPort address) {
        try (CurrentRoute.Change change = current.change()) {
            change.elected(change.route().elected(member, address, Topology.UNKNOWN), member, address);
            return change.route();
        }
    }

    private static Standing writing(int timeline) {
        return new Standing(false, false, timeline, "7");
    }

    @Test
    void proofOfANewerTimelineEndsTheSessionsToEverybodyElse() throws Exception {
        assertThat(news.verified(elected("node1", OLD), writing(1))).isTrue();
        RawSocket before = socketTo(OLD);
        // As after a silence of the source, while a name server is asked whether the two are one.
        Route route = elected("node2", NEXT);
        RawSocket after = socketTo(NEXT);
        assertThat(before.aborted()).isFalse();
        assertThat(news.verified(route, writing(2))).isTrue();
        assertThat(before.aborted()).isTrue();
        assertThat(after.aborted()).isFalse();
    }

    @Test
    void memberThatTakesWritesIsNoPrimaryWhileNobodyHoldsTheLock() {
        elected("node1", OLD);
        Route lost;
        try (CurrentRoute.Change change = current.change()) {
            change.to(change.route().lost(Topology.UNKNOWN));
            lost = change.route();
        }
        assertThat(news.verified(lost, writing(1))).isFalse();
        assertThat(current.now().verified()).isFalse();
        assertThat(news.verified(elected("node1", OLD), writing(1)))
                .as("it has the lock again")
                .isTrue();
    }

    @Test
    void silenceOfOneOfTheLeadersAddressesEndsTheSessionsThere() throws Exception {
        try (ServerSocket first = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
                ServerSocket second = new ServerSocket(first.getLocalPort(), 50, InetAddress.getByName("127.0.0.9"))) {
            HostPort leader = new HostPort("two-addresses", first.getLocalPort());
            assertThat(news.verified(elected("node1", leader), writing(1))).isTrue();
            RawSocket working = connected(leader, first);
            RawSocket hanging = connected(leader, second);
            news.silent(new HostPort("127.0.0.9", second.getLocalPort()), "no answer");
            assertThat(hanging.aborted()).isTrue();
            assertThat(working.aborted()).isFalse();
            assertThat(current.now().verified()).as("it is proven anew").isFalse();
        }
    }

    @Test
    void silenceOfTheLeaderCountsWhereItsSessionsWereOpenedUnderAnotherName() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
            HostPort leader = new HostPort("127.0.0.1", server.getLocalPort());
            assertThat(news.verified(elected("node1", leader), writing(1))).isTrue();
            RawSocket hanging = connected(new HostPort("localhost", server.getLocalPort()), server);
            news.silent(leader, "no answer");
            assertThat(hanging.aborted()).isTrue();
            assertThat(current.now().verified()).as("it is proven anew").isFalse();
        }
    }

    @Test
    void suspicionOfTheLeaderCountsUnderAnotherOfItsNames() {
        HostPort ip = new HostPort("192.0.2.1", 5432);
        aliases.add(OLD, ip);
        assertThat(news.verified(elected("node1", OLD), writing(1))).isTrue();
        news.suspect(NEXT);
        assertThat(current.now().verified()).as("that was another member").isTrue();
        news.suspect(ip);
        assertThat(current.now().verified()).as("it is proven anew").isFalse();
    }

    @Test
    void refusalOfTheLeaderCountsUnderAnotherOfItsNames() {
        HostPort ip = new HostPort("192.0.2.1", 5432);
        aliases.add(OLD, ip);
        assertThat(news.verified(elected("node1", ip), writing(1))).isTrue();
        news.shun(OLD, "is in recovery");
        assertThat(current.now().verified()).as("it is proven anew").isFalse();
    }

    private RawSocket connected(HostPort address, ServerSocket server) throws IOException {
        try (BatonSocketFactory.Opening opening =
                new BatonSocketFactory.Opening(sockets, address, RawSocket.Purpose.PRIMARY, null)) {
            new BatonSocketFactory(opening.key()).createSocket().connect(server.getLocalSocketAddress(), 10_000);
            return Objects.requireNonNull(opening.socket());
        }
    }

    @Test
    void proofOfTheSameTimelineEndsNone() throws Exception {
        assertThat(news.verified(elected("node1", OLD), writing(1))).isTrue();
        RawSocket before = socketTo(OLD);
        assertThat(news.verified(elected("node1", NEXT), writing(1))).isTrue();
        assertThat(before.aborted()).as("the same member, under another name").isFalse();
    }
}
