package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.topology.HostPort;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The latest commits that were acknowledged and can be looked up, at most {@value #MOST}; the oldest make room.
 *
 * <p>Thread-safe without a lock: each session writes into one of several rings, so that sessions seldom meet.
 */
final class RecentCommits {
    static final int RINGS = 16;
    static final int SIZE = 256;
    static final int MOST = RINGS * SIZE;

    /**
     * One of them.
     *
     * @param token in the ledger, null where it has none
     * @param xid its transaction id, null where it has a token
     * @param place of its transaction id, {@link Xid#lsn}; of its token, the oid of the table
     * @param timeline on which it was committed
     * @param member that wrote the timeline, null where that is not known
     * @param atMillis when it was acknowledged, since 1970
     * @param span of the session that was told so itself, null where that one broke
     */
    record Acknowledged(
            @Nullable UUID token,
            @Nullable String xid,
            long place,
            int timeline,
            @Nullable String member,
            long atMillis,
            @Nullable Span span) {

        /** Whether it was sent after that, on a session to the same member that was open before. */
        boolean follows(Told told) {
            return span != null
                    && timeline == told.timeline()
                    && span.member().equals(told.member())
                    && span.openNanos() - told.nanos() < 0
                    && span.sentNanos() - told.nanos() > 0;
        }
    }

    /**
     * For how long a session is known to have lived, by {@link System#nanoTime}.
     *
     * @param member that it was on
     * @param openNanos it was open then
     * @param sentNanos its COMMIT was sent then, and answered later
     */
    record Span(HostPort member, long openNanos, long sentNanos) {}

    private static final class Ring {
        final AtomicReferenceArray<@Nullable Acknowledged> slots = new AtomicReferenceArray<>(SIZE);
        final AtomicInteger next = new AtomicInteger();
    }

    private final Ring[] rings = new Ring[RINGS];

    RecentCommits() {
        for (int i = 0; i < RINGS; i++) {
            rings[i] = new Ring();
        }
    }

    /** @param session any number, the same for one session */
    void add(int session, Acknowledged commit) {
        Ring ring = rings[Math.floorMod(session, RINGS)];
        ring.slots.set(Math.floorMod(ring.next.getAndIncrement(), SIZE), commit);
    }

    /**
     * @param timeline that begins
     * @return what was committed on an earlier one
     */
    List<Acknowledged> before(int timeline) {
        return all(commit -> commit.timeline() < timeline);
    }

    /**
     * @param told before
     * @param most of them
     * @return the tokens of what was sent after that, the first ones first
     */
    List<UUID> after(Told told, int most) {
        return all(commit -> commit.follows(told)).stream()
                .sorted(Comparator.comparingLong(commit -> sentAfter(commit, told)))
                .map(Acknowledged::token)
                .filter(Objects::nonNull)
                .limit(most)
                .toList();
    }

    private static long sentAfter(Acknowledged commit, Told told) {
        Span span = commit.span();
        return span == null ? Long.MAX_VALUE : span.sentNanos() - told.nanos();
    }

    private List<Acknowledged> all(Predicate<Acknowledged> wanted) {
        List<Acknowledged> all = new ArrayList<>();
        for (Ring ring : rings) {
            for (int i = 0; i < SIZE; i++) {
                Acknowledged commit = ring.slots.get(i);
                if (commit != null && wanted.test(commit)) {
                    all.add(commit);
                }
            }
        }
        return all;
    }

    /** Forgets what was reported. */
    void remove(Acknowledged commit) {
        for (Ring ring : rings) {
            for (int i = 0; i < SIZE; i++) {
                ring.slots.compareAndSet(i, commit, null);
            }
        }
    }

    /** @return whether commits made room that are as old as this one, or older, and so may have shared its fate */
    boolean mayHaveMadeRoom(Acknowledged commit) {
        for (Ring ring : rings) {
            int next = ring.next.get();
            if (next < 0 || next >= SIZE) {
                Acknowledged oldest = ring.slots.get(Math.floorMod(next, SIZE));
                if (oldest == null || oldest.atMillis() >= commit.atMillis()) {
                    return true;
                }
            }
        }
        return false;
    }
}
