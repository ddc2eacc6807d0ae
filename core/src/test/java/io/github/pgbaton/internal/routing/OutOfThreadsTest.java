package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.socket.Threads;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.topology.HostPort;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where no thread can be had for once, members are asked again later. */
@Timeout(60)
class OutOfThreadsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private ScriptedPostgres member;
    private ConnectionSpec spec;
    private LeaderTracker tracker;

    @BeforeEach
    void start() throws Exception {
        member = new ScriptedPostgres();
        Properties caller = new Properties();
        caller.setProperty("user", "app");
        spec = ConnectionSpec.parse("jdbc:pgbaton:postgresql://" + member.address() + "/db?sslmode=disable", caller);
        tracker = new LeaderTracker(spec.config(), null);
    }

    @AfterEach
    void close() throws Exception {
        tracker.close();
        member.close();
    }

    /** The first thread that is asked for cannot be had. */
    private static ThreadFactory shortOnce(Supplier<Error> error) {
        AtomicBoolean failed = new AtomicBoolean();
        ThreadFactory threads = Threads.named("short");
        return task -> {
            if (failed.compareAndSet(false, true)) {
                throw error.get();
            }
            return threads.newThread(task);
        };
    }

    private static Error noThread() {
        return new OutOfMemoryError("unable to create native thread");
    }

    @Test
    void memberIsPolledAgain() throws Exception {
        ((ThreadPoolExecutor) tracker.probes()).setThreadFactory(shortOnce(OutOfThreadsTest::noThread));
        MemberPoll poll = new MemberPoll(tracker, spec, (route, standing) -> null);
        List<HostPort> members = List.of(member.address());
        assertThat(poll.ask(members, Deadline.in(PATIENCE), new Attempts())).isNull();
        MemberPoll.Answer answer = Objects.requireNonNull(poll.ask(members, Deadline.in(PATIENCE), new Attempts()));
        answer.session().discard(tracker.sockets());
    }

    @Test
    void memberWhosePollFailsUnexpectedlyIsPolledAgain() throws Exception {
        AtomicBoolean failed = new AtomicBoolean();
        MemberPoll poll = new MemberPoll(tracker, spec, (route, standing) -> null);
        Attempts attempts = new Attempts();
        OnePerMember polls = tracker.polls();
        assertThat(polls.<Boolean>ask(
                        member.address(),
                        () -> {
                            failed.set(true);
                            throw new NoClassDefFoundError("of a driver's part");
                        },
                        answer -> {}))
                .isTrue();
        // The error ends its thread, which Awaitility would take for a failure of the test.
        await().dontCatchUncaughtExceptions().atMost(PATIENCE).untilTrue(failed);
        await().dontCatchUncaughtExceptions().atMost(PATIENCE).until(() -> {
            MemberPoll.Answer answer = poll.ask(List.of(member.address()), Deadline.in(PATIENCE), attempts);
            if (answer != null) {
                answer.session().discard(tracker.sockets());
            }
            return answer != null;
        });
    }

    @Test
    void replicasAreLookedAtAgain() {
        replicasAreLookedAtAgainAfter(OutOfThreadsTest::noThread);
    }

    @Test
    void replicasAreLookedAtAgainAfterAnErrorThatNobodyExpects() {
        replicasAreLookedAtAgainAfter(() -> new InternalError("of this JVM"));
    }

    private void replicasAreLookedAtAgainAfter(Supplier<Error> error) {
        ThreadPoolExecutor pool = Threads.shortLived("short", 2);
        pool.setThreadFactory(shortOnce(error));
        ReplicaWatch watch = new ReplicaWatch(tracker, pool);
        try {
            watch.retain(this, spec);
            await().atMost(PATIENCE).until(() -> watch.answers(member.address()));
        } finally {
            watch.close();
        }
    }

    @Test
    void membersAreAskedAgainForWhomeverHasASession() {
        ScheduledThreadPoolExecutor thread = Threads.timer("short");
        thread.setThreadFactory(shortOnce(OutOfThreadsTest::noThread));
        Looks looks = new Looks(thread);
        try {
            looks.add(new MemberLook(tracker, spec));
            looks.atAll();
            assertThat(member.accepted()).isZero();
            looks.atAll();
            await().atMost(PATIENCE).until(() -> member.accepted() > 0);
        } finally {
            looks.close();
        }
    }
}
