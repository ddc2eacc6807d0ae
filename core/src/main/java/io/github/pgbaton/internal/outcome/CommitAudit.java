package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.event.FailoverEvent.CommitsAudited;
import io.github.pgbaton.event.FailoverEvent.LostCommit;
import io.github.pgbaton.internal.outcome.RecentCommits.Acknowledged;
import io.github.pgbaton.internal.outcome.RecentCommits.Span;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.probe.Standing;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.internal.socket.Threads;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * After a failover, looks up on the new primary the commits that this JVM was told of on the timelines before, and says
 * which of them are not there: with asynchronous replication, PostgreSQL acknowledges what a failover may lose.
 *
 * <p>One for each database and user; the looking up has a thread and a session of its own, and no call waits for it.
 */
final class CommitAudit {
    private static final Logger LOG = LoggerFactory.getLogger(CommitAudit.class);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int MOST_IN_LOG = 10;

    /** Many JVMs hear of a new primary at once, and it has enough to do. */
    private static final int SPREAD_MILLIS = 500;

    private final ClusterRef cluster;
    private final RecentCommits recent = new RecentCommits();
    private final AtomicInteger sessions = new AtomicInteger();
    private final AtomicBoolean running = new AtomicBoolean();
    private final AtomicInteger wanted = new AtomicInteger();
    private final ExecutorService auditing;

    private CommitAudit(ClusterRef cluster) {
        this.cluster = cluster;
        this.auditing = Threads.shortLived("pgbaton-audit-" + cluster.name(), 1);
        cluster.onNewTimeline(this::began);
    }

    static CommitAudit of(ClusterRef cluster) {
        return cluster.shared(CommitAudit.class, () -> new CommitAudit(cluster));
    }

    /** @return a number for one session */
    int session() {
        return sessions.getAndIncrement();
    }

    /** @param span of the session that was told so, null where that one broke */
    void acknowledged(int session, UUID token, long ledgerOid, int timeline, @Nullable Span span) {
        recent.add(session, new Acknowledged(token, null, ledgerOid, timeline, null, System.currentTimeMillis(), span));
    }

    void acknowledged(int session, Xid xid) {
        recent.add(
                session,
                new Acknowledged(
                        null, xid.number(), xid.lsn(), xid.timeline(), xid.member(), System.currentTimeMillis(), null));
    }

    /** As {@link RecentCommits#after}. */
    List<UUID> after(Told told, int most) {
        return recent.after(told, most);
    }

    /** Never waits. */
    private void began(int timeline) {
        wanted.accumulateAndGet(timeline, Math::max);
        // Else the pool would have the caller do it.
        if (recent.before(timeline).isEmpty() || !running.compareAndSet(false, true)) {
            return;
        }
        ClusterRef own = cluster.another();
        auditing.execute(() -> {
            int done = wanted.get();
            try {
                TimeUnit.MILLISECONDS.sleep(ThreadLocalRandom.current().nextInt(SPREAD_MILLIS));
                done = wanted.get();
                audit(own);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (SQLException e) {
                LOG.warn("{}: the commits before the failover were not looked up", own.name(), e);
            } finally {
                own.release();
                running.set(false);
            }
            if (wanted.get() > done) {
                // It came while this one was busy, and did not begin one of its own.
                began(wanted.get());
            }
        });
    }

    private void audit(ClusterRef own) throws SQLException, InterruptedException {
        Deadline deadline = Deadline.in(PATIENCE);
        while (true) {
            OpenSession session = own.open(deadline);
            try {
                SessionFacts facts = SessionFacts.ask(session, deadline);
                if (own.refusal(session, facts.standing()) == null) {
                    tell(own, session, facts, deadline);
                    return;
                }
            } catch (SQLException e) {
                if (deadline.passed() || !session.connection().isClosed()) {
                    throw e;
                }
                // Another failover: the next primary is asked.
            } finally {
                own.close(session);
            }
            TimeUnit.MILLISECONDS.sleep(SPREAD_MILLIS);
        }
    }

    private void tell(ClusterRef own, OpenSession session, SessionFacts facts, Deadline deadline)
            throws SQLException, InterruptedException {
        Standing standing = facts.standing();
        List<Acknowledged> commits = recent.before(standing.timeline());
        if (commits.isEmpty()) {
            return;
        }
        CommitLookup lookup = new CommitLookup(own, session, facts, deadline);
        List<Acknowledged> lost = new ArrayList<>();
        int unknown = 0;
        for (Acknowledged commit : commits) {
            Boolean there = lookup.isThere(commit, commits);
            if (there == null) {
                unknown++;
            } else if (!there) {
                lost.add(commit);
            }
        }
        lost.sort(Comparator.comparingLong(Acknowledged::atMillis));
        boolean more = !lost.isEmpty() && recent.mayHaveMadeRoom(lost.get(0));
        lost.forEach(recent::remove);
        CommitsAudited event = new CommitsAudited(
                own.name(),
                Instant.now(),
                standing.timeline(),
                lost.stream().map(CommitAudit::asLost).toList(),
                more,
                commits.size() - lost.size() - unknown,
                unknown);
        log(event, lookup.obstacle());
        own.tell(event);
    }

    private static LostCommit asLost(Acknowledged commit) {
        return new LostCommit(Instant.ofEpochMilli(commit.atMillis()), commit.token(), commit.xid());
    }

    private static void log(CommitsAudited event, @Nullable String obstacle) {
        if (event.lost().isEmpty()) {
            LOG.info(
                    "{}: of {} commits acknowledged before timeline {} none is known to be lost; {} are there, {} could"
                            + " not be looked up{}",
                    event.cluster(),
                    event.present() + event.unknown(),
                    event.timeline(),
                    event.present(),
                    event.unknown(),
                    obstacle == null ? "" : " (" + obstacle + ")");
            return;
        }
        List<LostCommit> shown = event.lost().stream().limit(MOST_IN_LOG).toList();
        LOG.warn(
                "{}: {}{} commits that were acknowledged are lost: timeline {} began before them; {} are there, {} could not"
                        + " be looked up{}. Of the lost: {}{}",
                event.cluster(),
                event.moreMayBeLost() ? "at least " : "",
                event.lost().size(),
                event.timeline(),
                event.present(),
                event.unknown(),
                obstacle == null ? "" : " (" + obstacle + ")",
                shown,
                shown.size() < event.lost().size() ? " and others" : "");
    }
}
