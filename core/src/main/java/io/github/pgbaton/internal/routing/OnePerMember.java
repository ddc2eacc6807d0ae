package io.github.pgbaton.internal.routing;

import io.github.pgbaton.topology.HostPort;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks members on other threads, each of them one thing at a time; whatever becomes of a question, its member may be asked
 * again afterwards.
 *
 * <p>A member that is frozen takes one thread, and not one of each who asks. Where no thread can be had the mark is taken
 * off again, or a moment's want would leave the member unasked for ever. Thread-safe without a lock.
 */
final class OnePerMember {
    private static final Logger LOG = LoggerFactory.getLogger(OnePerMember.class);

    private final Set<HostPort> asked = ConcurrentHashMap.newKeySet();
    private final Executor threads;

    /** @param threads may refuse, and may run a question on whoever asks it */
    OnePerMember(Executor threads) {
        this.threads = threads;
    }

    /**
     * @param question asked on a thread of its own
     * @param then takes the answer there, when the member may be asked again already
     * @return whether the question is on its way; not where the last one still is, or there is no thread for it
     */
    <T extends @Nullable Object> boolean ask(HostPort member, Supplier<T> question, Consumer<? super T> then) {
        if (!asked.add(member)) {
            return false;
        }
        boolean begun = false;
        try {
            threads.execute(() -> {
                T answer;
                try {
                    answer = question.get();
                } finally {
                    asked.remove(member);
                }
                then.accept(answer);
            });
            begun = true;
        } catch (RejectedExecutionException e) {
            // All threads are busy, or the end has come.
        } catch (OutOfMemoryError e) {
            LOG.debug("no thread to ask {}, which is tried again", member, e);
        } finally {
            if (!begun) {
                asked.remove(member);
            }
        }
        return begun;
    }
}
