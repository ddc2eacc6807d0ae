package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.outcome.RecentCommits.Acknowledged;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Tells of commits that were acknowledged on earlier timelines whether they are on this primary; serves one audit on one
 * session, and says nothing that is not certain.
 *
 * <p>A token is there or not. A transaction id is not there when its COMMIT lies past the end of its timeline; before it,
 * its status tells. Other than of a COMMIT in doubt, it tells of no stranger: the record of an acknowledged COMMIT was on the
 * old primary's disk, so that a crash could not make it give the id again.
 */
final class CommitLookup {
    private static final int CHUNK = 1000;

    private final ClusterRef cluster;
    private final OpenSession session;
    private final SessionFacts facts;
    private final Deadline deadline;
    private @Nullable Set<UUID> tokens;
    private @Nullable String obstacle;

    CommitLookup(ClusterRef cluster, OpenSession session, SessionFacts facts, Deadline deadline) {
        this.cluster = cluster;
        this.session = session;
        this.facts = facts;
        this.deadline = deadline;
    }

    /** @return why some could not be looked up, null for nothing */
    @Nullable
    String obstacle() {
        return obstacle;
    }

    /**
     * @param commit to look up
     * @param all that will be
     * @return null where that cannot be told
     */
    @Nullable
    Boolean isThere(Acknowledged commit, List<Acknowledged> all) throws SQLException, InterruptedException {
        UUID token = commit.token();
        return token == null ? byXid(commit) : byToken(commit, token, all);
    }

    private @Nullable Boolean byToken(Acknowledged commit, UUID token, List<Acknowledged> all) throws SQLException {
        if (!(facts.ledger() instanceof LedgerStatus.Usable usable)) {
            obstacle = "the ledger cannot be asked";
            return null;
        }
        if (commit.place() != facts.ledgerOid()) {
            obstacle = "the ledger was made anew since";
            return null;
        }
        Duration age = Duration.ofMillis(System.currentTimeMillis() - commit.atMillis());
        if (age.compareTo(usable.retention().dividedBy(2)) >= 0) {
            // A row that was purged looks like one that was lost.
            obstacle = "the ledger keeps no rows that are so old";
            return null;
        }
        Set<UUID> known = tokens;
        if (known == null) {
            known = find(all);
            tokens = known;
        }
        return known.contains(token);
    }

    private Set<UUID> find(List<Acknowledged> all) throws SQLException {
        List<UUID> wanted = all.stream()
                .map(Acknowledged::token)
                .filter(token -> token != null)
                .map(token -> (UUID) token)
                .toList();
        Set<UUID> found = new HashSet<>();
        for (int from = 0; from < wanted.size(); from += CHUNK) {
            String some = wanted.subList(from, Math.min(from + CHUNK, wanted.size())).stream()
                    .map(UUID::toString)
                    .collect(Collectors.joining(","));
            try (Calm calm = new Calm(session.connection(), deadline);
                    Statement statement = session.connection().createStatement();
                    ResultSet rows =
                            statement.executeQuery("SELECT token FROM pgbaton.tx WHERE kind = 'c' AND token = ANY ('{"
                                    + some + "}'::uuid[])")) {
                while (rows.next()) {
                    found.add(UUID.fromString(rows.getString(1)));
                }
            }
        }
        return found;
    }

    private @Nullable Boolean byXid(Acknowledged commit) throws SQLException, InterruptedException {
        int now = facts.standing().timeline();
        Ancestry ancestry = Ancestry.of(cluster, session, now, commit.timeline(), commit.member());
        while (!ancestry.current() && !deadline.passed()) {
            // A primary writes it a second or two after its promotion.
            TimeUnit.MILLISECONDS.sleep(100);
            ancestry = Ancestry.of(cluster, session, now, commit.timeline(), commit.member());
        }
        if (ancestry.end().isEmpty()) {
            obstacle = ancestry.obstacle();
            return null;
        }
        if (commit.place() >= ancestry.end().getAsLong()) {
            return false;
        }
        try (Calm calm = new Calm(session.connection(), deadline)) {
            String word = XidStatus.ask(session.connection(), commit.xid()).word();
            return word == null ? null : XidStatus.COMMITTED.equals(word);
        } catch (SQLException e) {
            if (XidStatus.OF_THE_FUTURE.equals(e.getSQLState()) && Resolving.lives(session.connection())) {
                return false;
            }
            throw e;
        }
    }
}
