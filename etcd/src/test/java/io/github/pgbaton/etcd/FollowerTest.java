package io.github.pgbaton.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.internal.socket.Loop;
import io.github.pgbaton.internal.socket.Threads;
import io.github.pgbaton.topology.Topology;
import io.github.resilience4j.core.IntervalFunction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What etcd does too rarely to be waited for: played by an endpoint made of lambdas. */
class FollowerTest {
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final Timing FAST = new Timing(
            Duration.ofMillis(200),
            Duration.ofMillis(100),
            IntervalFunction.of(100),
            Duration.ofMillis(50),
            IntervalFunction.of(20));

    private final Recorder recorder = new Recorder();
    private final List<EtcdLeaderSource> sources = new ArrayList<>();

    /** Answers what it is told to; confirms every watch as long as {@link #confirms}. */
    private static final class Fake implements Endpoint {
        final List<WatchEvents> watches = new CopyOnWriteArrayList<>();
        final AtomicInteger reads = new AtomicInteger();
        final AtomicInteger looks = new AtomicInteger();
        final AtomicInteger open = new AtomicInteger();
        volatile Supplier<CompletableFuture<KeyState>> answer;
        volatile long confirmTerm;
        volatile long confirmRevision;
        volatile boolean confirms = true;

        Fake(KeyState state) {
            answer = () -> CompletableFuture.completedFuture(state);
            says(state);
        }

        void says(KeyState state) {
            confirmTerm = state.term();
            confirmRevision = state.revision();
            answer = () -> CompletableFuture.completedFuture(state);
        }

        void hangs() {
            answer = CompletableFuture::new;
        }

        void fails(String message) {
            answer = () -> CompletableFuture.failedFuture(new IllegalStateException(message));
        }

        WatchEvents lastWatch() {
            return watches.get(watches.size() - 1);
        }

        @Override
        public String name() {
            return "fake";
        }

        @Override
        public CompletableFuture<KeyState> read() {
            reads.incrementAndGet();
            return answer.get();
        }

        @Override
        public CompletableFuture<KeyState> readLeader() {
            looks.incrementAndGet();
            return answer.get();
        }

        @Override
        public AutoCloseableQuietly watch(long fromRevision, boolean narrow, WatchEvents events) {
            watches.add(events);
            open.incrementAndGet();
            if (confirms) {
                events.created(1, confirmTerm, confirmRevision, true);
            }
            return open::decrementAndGet;
        }

        @Override
        public void discard() {}
    }

    private static KeyState state(long cluster, long term, long revision, String leader) {
        Map<String, KeyEntry> entries = new HashMap<>();
        entries.put("leader", new KeyEntry(leader, revision, revision));
        return new KeyState(cluster, term, revision, entries);
    }

    private EtcdLeaderSource start(Fake... fakes) {
        EtcdLeaderSource source = new EtcdLeaderSource("test", "pgbaton-etcd-test", List.of(fakes), FAST, () -> {});
        sources.add(source);
        source.start(recorder);
        return source;
    }

    @AfterEach
    void close() {
        sources.forEach(EtcdLeaderSource::close);
    }

    private static KeyChange leader(String name, long revision) {
        return new KeyChange("leader", new KeyEntry(name, revision, revision), revision);
    }

    private static void awaitWatches(Fake fake, int count) {
        await("watches").atMost(SOON).until(() -> fake.watches.size() >= count);
    }

    @Test
    void aWatchThatEndsTwiceIsReplacedOnce() {
        Fake fake = new Fake(state(1, 2, 10, "n1"));
        start(fake);
        awaitWatches(fake, 1);
        Endpoint.WatchEvents first = fake.lastWatch();
        first.ended("completed", false);
        first.ended("completed", false);
        awaitWatches(fake, 2);
        first.ended("completed", false);
        first.changed(1, 2, List.of(leader("late", 11)));
        fake.lastWatch().changed(1, 2, List.of(leader("n2", 12)));
        recorder.awaitLeader("n2", SOON);
        assertThat(fake.watches).hasSize(2);
        assertThat(fake.open).hasValue(1);
        assertThat(recorder.published)
                .extracting(t -> Recorder.leaderOf(t).member())
                .containsExactly("n1", "n2");
    }

    @Test
    void aWatchThatIsNeverConfirmedIsReplaced() {
        Fake fake = new Fake(state(1, 2, 10, "n1"));
        fake.confirms = false;
        start(fake);
        awaitWatches(fake, 3);
        assertThat(recorder.published).hasSize(1);
    }

    @Test
    void aWatchConfirmedByAnOlderEtcdIsReplaced() {
        Fake fake = new Fake(state(1, 2, 10, "n1"));
        fake.confirmRevision = 3;
        start(fake);
        awaitWatches(fake, 3);
    }

    @Test
    void anEarlierTermIsNotApplied() {
        Fake fake = new Fake(state(1, 5, 10, "n1"));
        start(fake);
        awaitWatches(fake, 1);
        fake.lastWatch().changed(1, 4, List.of(leader("zombie", 11)));
        awaitWatches(fake, 2);
        fake.lastWatch().changed(9, 5, List.of(leader("stranger", 11)));
        awaitWatches(fake, 3);
        fake.lastWatch().changed(1, 5, List.of(leader("n2", 11)));
        recorder.awaitLeader("n2", SOON);
        assertThat(recorder.published).hasSize(2);
    }

    @Test
    void anEarlierRevisionOfTheWatchIsNotApplied() {
        Fake fake = new Fake(state(1, 5, 10, "n1"));
        start(fake);
        awaitWatches(fake, 1);
        fake.lastWatch().changed(1, 5, List.of(leader("n2", 20)));
        fake.lastWatch().changed(1, 5, List.of(leader("zombie", 15)));
        fake.lastWatch().changed(1, 5, List.of(new KeyChange("leader", null, 20)));
        fake.lastWatch().changed(1, 5, List.of(leader("n3", 21)));
        recorder.awaitLeader("n3", SOON);
        assertThat(recorder.published)
                .extracting(t -> Recorder.leaderOf(t).member())
                .containsExactly("n1", "n2", "n3");
    }

    @Test
    void aReadingOfAnEarlierTermIsNotBelievedThoughItsRevisionIsHigher() {
        Fake lagging = new Fake(state(1, 5, 10, "n1"));
        Fake good = new Fake(state(1, 5, 10, "n1"));
        lagging.hangs();
        start(lagging, good);
        recorder.awaitLeader("n1", SOON);
        awaitWatches(good, 1);
        lagging.says(state(1, 4, 99, "zombie"));
        good.says(state(1, 5, 12, "n2"));
        good.lastWatch().ended("lost", false);
        recorder.awaitLeader("n2", SOON);
        int reads = lagging.reads.get();
        good.lastWatch().ended("lost", false);
        await().atMost(SOON).until(() -> lagging.reads.get() > reads);
        awaitWatches(good, 3);
        assertThat(recorder.published)
                .extracting(t -> Recorder.leaderOf(t).member())
                .containsExactly("n1", "n2");
    }

    @Test
    void aSuspicionIsNotAnsweredByALaggingMember() {
        Fake good = new Fake(state(1, 5, 20, "n2"));
        Fake lagging = new Fake(state(1, 5, 20, "n2"));
        lagging.hangs();
        EtcdLeaderSource source = start(good, lagging);
        await().atMost(SOON).until(() -> Keys.get(source.watched()).equals("fake"));
        lagging.says(state(1, 5, 10, "n1"));
        int looks = lagging.looks.get();
        source.suspect();
        await("the lagging member is asked").atMost(SOON).until(() -> lagging.looks.get() > looks + 2);
        assertThat(good.watches).as("the watch stays where it is").hasSize(1);
        assertThat(recorder.published).hasSize(1);
    }

    @Test
    void aLaggingMemberIsNotBelievedWhileAnotherAnswers() {
        Fake lagging = new Fake(state(1, 2, 10, "n1"));
        Fake good = new Fake(state(1, 2, 10, "n1"));
        start(lagging, good);
        recorder.awaitLeader("n1", SOON);
        await().atMost(SOON).until(() -> lagging.watches.size() + good.watches.size() == 1);
        good.says(state(1, 3, 20, "n2"));
        lagging.hangs();
        (lagging.watches.isEmpty() ? good : lagging).lastWatch().ended("lost", false);
        recorder.awaitLeader("n2", SOON);
        lagging.says(state(1, 3, 15, "n1"));
        good.lastWatch().ended("lost", false);
        int watches = good.watches.size();
        awaitWatches(good, watches + 1);
        assertThat(recorder.leader()).isEqualTo("n2");
        assertThat(recorder.published).hasSize(2);
    }

    @Test
    void aRestoredEtcdIsBelievedInTheEndAndItsRevisionsGoOn() {
        Fake fake = new Fake(state(1, 5, 100, "n1"));
        start(fake);
        awaitWatches(fake, 1);
        fake.says(state(1, 2, 4, "n2"));
        fake.lastWatch().ended("gone", false);
        Topology restored = recorder.awaitLeader("n2", SOON);
        assertThat(restored.revision()).isEqualTo(104);
        assertThat(restored.term()).isEqualTo(7);
        assertThat(Recorder.leaderOf(restored).revision()).isEqualTo(104);
        assertThat(recorder.degraded).hasSize(1);
    }

    @Test
    void anotherClusterIsBelievedInTheEndWhereNobodyKnowsTheOldOne() {
        Fake fake = new Fake(state(1, 5, 100, "n1"));
        start(fake);
        awaitWatches(fake, 1);
        fake.says(state(8, 2, 4, "n2"));
        fake.lastWatch().ended("gone", false);
        assertThat(recorder.awaitLeader("n2", SOON).revision()).isEqualTo(104);
        assertThat(fake.reads.get()).isGreaterThanOrEqualTo(4);
    }

    /** As of a member that was wiped, and made anew on its own: it answers first, and knows nothing or another leader. */
    @Test
    void aMemberOfAnotherClusterIsNotBelievedWhileOneOfTheOldAnswers() {
        Fake own = new Fake(state(1, 5, 100, "n1"));
        Fake stranger = new Fake(state(1, 5, 100, "n1"));
        stranger.hangs();
        start(stranger, own);
        awaitWatches(own, 1);
        stranger.says(state(8, 9, 900, "n2"));

        own.lastWatch().ended("gone", false);
        awaitWatches(own, 2);
        sources.get(0).suspect();
        await().atMost(SOON).until(() -> stranger.looks.get() > 2);

        assertThat(stranger.watches).isEmpty();
        assertThat(own.watches).hasSize(2);
        assertThat(recorder.published).hasSize(1);
    }

    @Test
    void aMemberOfAnotherClusterIsNotBelievedWhileAllOfTheOldAreAway() {
        Fake own = new Fake(state(1, 5, 100, "n1"));
        Fake stranger = new Fake(state(8, 9, 900, "n2"));
        Fake third = new Fake(state(1, 5, 100, "n1"));
        third.fails("refused");
        stranger.fails("refused");
        start(own, stranger, third);
        awaitWatches(own, 1);
        own.fails("refused");
        stranger.says(state(8, 9, 900, "n2"));

        own.lastWatch().ended("gone", false);
        await("more rounds than an etcd that lost its past takes").atMost(SOON).until(() -> stranger.reads.get() > 8);
        assertThat(stranger.watches).isEmpty();
        recorder.awaitDegraded(1, SOON);

        own.says(state(1, 5, 100, "n1"));
        awaitWatches(own, 2);
        assertThat(stranger.watches).isEmpty();
        assertThat(recorder.published)
                .allMatch(told -> "n1".equals(Recorder.leaderOf(told).member()));
    }

    /** Several watches tell one change of a cluster in no order: one of them may tell more than the reading has. */
    @Test
    void aReadingThatAnEventOvertookIsMadeAgainAndTheWatchStays() {
        Fake fake = new Fake(state(1, 2, 10, "n1"));
        start(fake);
        awaitWatches(fake, 1);
        CompletableFuture<KeyState> held = new CompletableFuture<>();
        fake.answer = () -> held;
        fake.lastWatch().changed(1, 2, List.of(new KeyChange("sync", new KeyEntry("{}", 11, 11), 11)));
        await().atMost(SOON).until(() -> fake.reads.get() == 2);
        fake.lastWatch().changed(1, 2, List.of(new KeyChange("members/n1", new KeyEntry("{}", 12, 12), 12)));
        fake.says(state(1, 2, 12, "n2"));
        held.complete(state(1, 2, 11, "n1"));

        recorder.awaitLeader("n2", SOON);
        assertThat(fake.watches).hasSize(1);
        assertThat(fake.reads).hasValue(3);
    }

    @Test
    void silenceIsToldOncePerPeriod() {
        Fake fake = new Fake(state(1, 2, 10, "n1"));
        fake.fails("refused");
        start(fake);
        recorder.awaitDegraded(1, SOON);
        await().atMost(SOON).until(() -> fake.reads.get() > 5);
        assertThat(recorder.degraded).hasSize(1);
        fake.says(state(1, 2, 10, "n1"));
        recorder.awaitLeader("n1", SOON);
        fake.hangs();
        awaitWatches(fake, 1);
        fake.lastWatch().ended("gone", false);
        recorder.awaitDegraded(2, SOON);
        fake.says(state(1, 2, 10, "n1"));
        await("the same again, as a sign of health").atMost(SOON).until(() -> recorder.published.size() == 2);
        assertThat(recorder.degraded).hasSize(2);
    }

    @Test
    void aRefusedRangeIsWatchedKeyByKeyAndReadAgainOnEveryEvent() {
        Fake fake = new Fake(state(1, 2, 10, "n1"));
        start(fake);
        awaitWatches(fake, 1);
        fake.lastWatch().ended("permission denied", true);
        awaitWatches(fake, 2);
        fake.says(state(1, 2, 11, "n2"));
        fake.lastWatch().changed(1, 2, List.of(leader("half a snapshot", 11)));
        recorder.awaitLeader("n2", SOON);
        assertThat(recorder.published)
                .extracting(t -> Recorder.leaderOf(t).member())
                .containsExactly("n1", "n2");
    }

    @Test
    void aSuspicionMovesTheWatchAwayFromASilentMember() {
        Fake frozen = new Fake(state(1, 2, 10, "n1"));
        Fake good = new Fake(state(1, 2, 10, "n1"));
        good.hangs();
        EtcdLeaderSource source = start(frozen, good);
        awaitWatches(frozen, 1);
        await().atMost(SOON).until(() -> Keys.get(source.watched()).equals("fake"));
        frozen.hangs();
        good.says(state(1, 2, 12, "n1"));
        for (int i = 0; i < 100; i++) {
            source.suspect();
        }
        awaitWatches(good, 1);
        assertThat(recorder.degraded).isEmpty();
    }

    @Test
    void aSuspicionThatNobodyAnswersEndsInSilence() {
        Fake fake = new Fake(state(1, 2, 10, "n1"));
        EtcdLeaderSource source = start(fake);
        await().atMost(SOON).until(() -> Keys.get(source.watched()).equals("fake"));
        fake.hangs();
        source.suspect();
        recorder.awaitDegraded(1, SOON);
        fake.says(state(1, 2, 10, "n1"));
        await("answers again").atMost(SOON).until(() -> recorder.published.size() == 2);
    }

    @Test
    void aListenerThatThrowsDoesNotStopTheSource() {
        Fake fake = new Fake(state(1, 2, 10, "n1"));
        EtcdLeaderSource source = new EtcdLeaderSource("test", "pgbaton-etcd-test", List.of(fake), FAST, () -> {});
        sources.add(source);
        source.start(new io.github.pgbaton.dcs.LeaderSource.Listener() {
            @Override
            public void published(Topology snapshot) {
                recorder.published(snapshot);
                throw new IllegalStateException("listener's own trouble");
            }

            @Override
            public void degraded(String reason) {}
        });
        awaitWatches(fake, 1);
        fake.lastWatch().changed(1, 2, List.of(leader("n2", 11)));
        recorder.awaitLeader("n2", SOON);
    }

    @Test
    void closesWhatItHasWhereNoThreadIsToBeHad() {
        OutOfMemoryError noThread = new OutOfMemoryError("unable to create native thread");
        ScheduledThreadPoolExecutor executor = Threads.timer("none");
        executor.setThreadFactory(task -> {
            throw noThread;
        });
        AtomicBoolean closed = new AtomicBoolean();
        EtcdLeaderSource source = new EtcdLeaderSource(
                "test",
                new Loop("none", executor),
                List.of(new Fake(state(1, 1, 1, "node1"))),
                FAST,
                () -> closed.set(true));
        assertThatThrownBy(source::close).isSameAs(noThread);
        assertThat(closed).isTrue();
        assertThat(executor.isShutdown()).isTrue();
    }
}
