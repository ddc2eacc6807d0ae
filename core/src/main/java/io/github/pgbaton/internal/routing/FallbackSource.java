package io.github.pgbaton.internal.routing;

import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.internal.socket.Threads;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Topology;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Two sources of one cluster: the lead speaks whenever it can, and the fallback runs only while the lead is silent.
 *
 * <p>Thread-safe. The lock orders what the two say into one stream for the listener; the listener is called under it,
 * which it allows because it never calls back. It writes the log, whose appender may stall: so whoever suspects or trusts a
 * member, an application's thread among them, never takes the lock. The fallback is closed on a thread of its own, since the
 * lead's news must not wait for it.
 */
final class FallbackSource implements LeaderSource {
    private static final Logger LOG = LoggerFactory.getLogger(FallbackSource.class);

    private final LeaderSource lead;
    private final Function<Topology, LeaderSource> spare;
    private final ExecutorService closer;
    private final ReentrantLock lock = new ReentrantLock();
    /** By the member's name, those that the lead named last: a fallback over REST cannot tell them. */
    private final Map<String, Member> poolers = new HashMap<>();

    private volatile @Nullable LeaderSource fallback;
    private Topology told = Topology.UNKNOWN;
    private @Nullable String leadSilence;
    private boolean closed;

    /**
     * @param lead asked always
     * @param spare makes a fallback each time the lead falls silent, of what that told last
     * @param cluster names the thread
     */
    FallbackSource(LeaderSource lead, Function<Topology, LeaderSource> spare, String cluster) {
        this.lead = lead;
        this.spare = spare;
        this.closer = Threads.shortLived("pgbaton-fallback-" + cluster, 4);
    }

    @Override
    public void start(Listener listener) {
        lead.start(new Listener() {
            @Override
            public void published(Topology snapshot) {
                LeaderSource over;
                lock.lock();
                try {
                    over = fallback;
                    fallback = null;
                    leadSilence = null;
                    told = snapshot;
                    remember(snapshot.members());
                    listener.published(snapshot);
                } finally {
                    lock.unlock();
                }
                if (over != null) {
                    LOG.info("{} answers again and takes over from {}", lead.description(), over.description());
                    closer.execute(over::close);
                }
            }

            @Override
            public void degraded(String reason) {
                LeaderSource started;
                lock.lock();
                try {
                    leadSilence = reason;
                    if (closed || fallback != null) {
                        return;
                    }
                    started = spare.apply(told);
                    fallback = started;
                    // Under the lock, or a close could come before it and leave the fallback running.
                    started.start(new WhileNeeded(started, listener));
                } catch (RuntimeException | OutOfMemoryError e) {
                    LOG.warn("{} is silent ({}), and its fallback cannot be started", lead.description(), reason, e);
                    LeaderSource useless = fallback;
                    fallback = null;
                    // Nobody would ever say so otherwise, and the members would not be asked.
                    listener.degraded(reason + "; the fallback cannot be started: " + e.getMessage());
                    if (useless != null) {
                        closer.execute(useless::close);
                    }
                    return;
                } finally {
                    lock.unlock();
                }
                LOG.warn("{} is silent ({}); asking {}", lead.description(), reason, started.description());
            }
        });
    }

    /** Passes on what a fallback says for as long as it is the one in charge. */
    private final class WhileNeeded implements Listener {
        private final LeaderSource own;
        private final Listener listener;

        WhileNeeded(LeaderSource own, Listener listener) {
            this.own = own;
            this.listener = listener;
        }

        @Override
        public void published(Topology snapshot) {
            lock.lock();
            try {
                if (fallback == own && !closed) {
                    listener.published(withPoolers(snapshot));
                }
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void degraded(String reason) {
            lock.lock();
            try {
                if (fallback == own && !closed) {
                    listener.degraded(leadSilence + "; " + reason);
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private void remember(Map<String, Member> members) {
        members.forEach((name, member) -> {
            if (member.proxy() == null) {
                poolers.remove(name);
            } else {
                poolers.put(name, member);
            }
        });
    }

    /** A member at another address than when its pooler was told is another machine by now, with whatever pooler. */
    private Topology withPoolers(Topology snapshot) {
        if (poolers.isEmpty()) {
            return snapshot;
        }
        Map<String, Member> members = new LinkedHashMap<>(snapshot.members());
        members.replaceAll((name, member) -> {
            Member before = poolers.get(name);
            return before != null && member.proxy() == null && before.address().equals(member.address())
                    ? member.behind(before.proxy())
                    : member;
        });
        return Dialled.with(snapshot, members);
    }

    @Override
    public void suspect() {
        lead.suspect();
        LeaderSource now = fallback;
        if (now != null) {
            now.suspect();
        }
    }

    @Override
    public void trust() {
        lead.trust();
        LeaderSource now = fallback;
        if (now != null) {
            now.trust();
        }
    }

    @Override
    public String description() {
        return lead.description();
    }

    @Override
    public void close() {
        LeaderSource over;
        lock.lock();
        try {
            closed = true;
            over = fallback;
            fallback = null;
        } finally {
            lock.unlock();
        }
        lead.close();
        if (over != null) {
            over.close();
        }
        closer.shutdown();
    }
}
