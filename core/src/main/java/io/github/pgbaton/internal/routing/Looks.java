package io.github.pgbaton.internal.routing;

import io.github.pgbaton.internal.socket.Threads;
import io.github.pgbaton.topology.HostPort;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at members while no caller waits for it, with a caller's credentials, and always on a thread of its own: who
 * asks for a look is the timer, or an application in the middle of a call.
 *
 * <p>Thread-safe without a lock.
 */
final class Looks {
    private static final Logger LOG = LoggerFactory.getLogger(Looks.class);
    private static final long PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    private final ScheduledThreadPoolExecutor thread;
    private final Set<MemberLook> lookers = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean asking = new AtomicBoolean();

    /** When the next look at a member that refused a write may begin, in nanoTime. */
    private final ConcurrentMap<HostPort, Long> next = new ConcurrentHashMap<>();

    Looks(String cluster) {
        this(Threads.timer("pgbaton-look-" + cluster));
    }

    Looks(ScheduledThreadPoolExecutor thread) {
        this.thread = thread;
        thread.setKeepAliveTime(1, TimeUnit.SECONDS);
        thread.allowCoreThreadTimeOut(true);
    }

    /** @param looker whose credentials may be used, until it is removed */
    void add(MemberLook looker) {
        lookers.add(looker);
    }

    void remove(MemberLook looker) {
        lookers.remove(looker);
    }

    /** Asks all members, unless that is being done; where nobody has a connection, nobody needs to know. */
    void atAll() {
        lookers.stream().findAny().ifPresent(any -> {
            if (asking.compareAndSet(false, true)) {
                boolean begun = run(any, looker -> {
                    try {
                        looker.askAgain();
                    } finally {
                        asking.set(false);
                    }
                });
                if (!begun) {
                    asking.set(false);
                }
            }
        });
    }

    /** @return whether the member is looked at: once a second at most, however many sessions complain */
    boolean at(HostPort member, MemberLook complaining) {
        long now = System.nanoTime();
        AtomicBoolean due = new AtomicBoolean();
        next.compute(member, (key, earliest) -> {
            if (earliest != null && earliest - now > 0) {
                return earliest;
            }
            due.set(true);
            return now + PAUSE_NANOS;
        });
        if (due.get()) {
            run(complaining, looker -> looker.recheck(member));
        }
        return due.get();
    }

    /** @return whether the look is on its way */
    private boolean run(MemberLook looker, Consumer<MemberLook> look) {
        try {
            thread.execute(() -> look.accept(looker));
            return true;
        } catch (RejectedExecutionException e) {
            // Closed meanwhile: no session is left to be looked after.
        } catch (OutOfMemoryError e) {
            // No thread to be had: an application's call must not end by it, and the next look may find one.
            LOG.debug("no thread for a look", e);
        }
        return false;
    }

    void close() {
        Threads.end(thread);
    }
}
