package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Role;
import io.github.pgbaton.topology.Topology;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FallbackSourceTest {
    private final ScriptedLeaderSource lead =
            ScriptedLeaderSource.register("lead").member("node1", new HostPort("h1", 5432));
    private final List<ScriptedLeaderSource> spares = new ArrayList<>();
    private final List<String> heard = new ArrayList<>();
    private final List<Topology> toldBefore = new ArrayList<>();
    private Topology last = Topology.UNKNOWN;
    private final FallbackSource source = new FallbackSource(
            lead,
            told -> {
                toldBefore.add(told);
                ScriptedLeaderSource spare = ScriptedLeaderSource.register("spare")
                        .member("node2", new HostPort("h2", 5432))
                        .member("node3", new HostPort("h3", 5432));
                spares.add(spare);
                return spare;
            },
            "test");

    @BeforeEach
    void start() {
        source.start(hearing());
    }

    private LeaderSource.Listener hearing() {
        return new LeaderSource.Listener() {
            @Override
            public void published(Topology snapshot) {
                last = snapshot;
                heard.add(snapshot.leader() == null ? "none" : snapshot.leader().member());
            }

            @Override
            public void degraded(String reason) {
                heard.add("degraded: " + reason);
            }
        };
    }

    @AfterEach
    void close() {
        source.close();
    }

    @Test
    void fallbackIsNotEvenMadeWhileTheLeadSpeaks() {
        lead.elect("node1");
        source.suspect();
        assertThat(heard).containsExactly("node1");
        assertThat(spares).isEmpty();
        assertThat(lead.suspicions()).isEqualTo(1);
    }

    @Test
    void fallbackTakesOverAndGivesBack() {
        lead.elect("node1");
        lead.degrade("etcd is away");
        spares.get(0).elect("node2");
        lead.elect("node1");
        spares.get(0).elect("node3");

        assertThat(heard).containsExactly("node1", "node2", "node1");
        assertThat(toldBefore)
                .singleElement()
                .satisfies(
                        told -> assertThat(Objects.requireNonNull(told.leader()).member())
                                .isEqualTo("node1"));
        await().atMost(Duration.ofSeconds(20)).until(() -> spares.get(0).isClosed());
    }

    @Test
    void onlyWhenBothAreSilentNobodyCanTell() {
        lead.degrade("etcd is away");
        assertThat(heard).isEmpty();
        spares.get(0).degrade("nobody answers");
        assertThat(heard).containsExactly("degraded: etcd is away; nobody answers");
        spares.get(0).elect("node2");
        assertThat(heard).last().isEqualTo("node2");
    }

    @Test
    void secondSilenceGetsAFreshFallback() {
        lead.degrade("away");
        lead.elect("node1");
        lead.degrade("away again");
        assertThat(spares).hasSize(2);
        spares.get(1).elect("node3");
        assertThat(heard).containsExactly("node1", "node3");
    }

    @Test
    void poolersThatTheLeadNamedStayKnownWhileTheFallbackTells() {
        HostPort pooler = new HostPort("h2", 6432);
        lead.member(new Member("node2", new HostPort("h2", 5432), Role.REPLICA, "running", pooler))
                .member(new Member("node3", new HostPort("elsewhere", 5432), Role.REPLICA, "running", pooler))
                .elect("node1");
        lead.degrade("away");
        spares.get(0).elect("node2");
        assertThat(proxy("node2")).isEqualTo(pooler);
        assertThat(proxy("node3")).as("it moved").isNull();
    }

    private @Nullable HostPort proxy(String member) {
        return Objects.requireNonNull(last.members().get(member)).proxy();
    }

    @Test
    void fallbackThatCannotStartIsASilence() {
        AtomicInteger attempts = new AtomicInteger();
        FallbackSource broken = new FallbackSource(
                lead,
                told -> {
                    attempts.incrementAndGet();
                    throw new IllegalStateException("no thread");
                },
                "broken");
        broken.start(hearing());
        lead.elect("node1");
        lead.degrade("away");
        assertThat(heard).containsExactly("node1", "degraded: away; the fallback cannot be started: no thread");
        lead.degrade("still away");
        assertThat(attempts).hasValue(2);
        broken.close();
    }

    @Test
    void whoSuspectsAMemberDoesNotWaitForTheNewsToBeTakenIn() throws Exception {
        ScriptedLeaderSource spare = ScriptedLeaderSource.register("spare-stalled");
        FallbackSource stalled = new FallbackSource(lead, told -> spare, "stalled");
        CountDownLatch told = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        stalled.start(new LeaderSource.Listener() {
            @Override
            public void published(Topology snapshot) {
                told.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public void degraded(String reason) {}
        });
        lead.degrade("away");
        Thread telling =
                new Thread(() -> spare.member("node2", new HostPort("h2", 5432)).elect("node2"), "telling");
        telling.start();
        try {
            assertThat(told.await(20, TimeUnit.SECONDS)).isTrue();
            CompletableFuture.runAsync(
                            () -> {
                                stalled.suspect();
                                stalled.trust();
                            },
                            task -> new Thread(task, "suspecting").start())
                    .get(20, TimeUnit.SECONDS);
            assertThat(spare.suspicions()).isEqualTo(1);
        } finally {
            goOn.countDown();
            telling.join();
            stalled.close();
        }
    }

    @Test
    void closeClosesBoth() {
        lead.degrade("away");
        source.close();
        assertThat(lead.isClosed()).isTrue();
        assertThat(spares.get(0).isClosed()).isTrue();
    }
}
