package io.github.pgbaton.internal.rest;

import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Role;
import io.github.pgbaton.topology.Switchover;
import java.net.URI;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one member's {@code /cluster} says of the whole cluster: at most one leader, and every name printable.
 *
 * @param scope null where this version of Patroni does not say
 * @param leader who holds the lock, null: nobody
 * @param leaderRole {@link Role#PRIMARY} or {@link Role#STANDBY_LEADER}; OTHER without leader
 * @param leaderTimeline as its member key has it, which lags; 0 where unknown
 * @param leaderApi the leader's REST endpoint as it announces it, null where it is unusable
 * @param members those that announce an address
 * @param paused whether automatic failover is off
 * @param switchover scheduled for later, or null
 * @param switchoverAt when, null where it cannot be read
 */
record ClusterView(
        @Nullable String scope,
        @Nullable String leader,
        Role leaderRole,
        int leaderTimeline,
        @Nullable URI leaderApi,
        Map<String, Member> members,
        boolean paused,
        @Nullable Switchover switchover,
        @Nullable Instant switchoverAt) {

    ClusterView {
        members = Map.copyOf(members);
    }

    /** Null: nobody leads. */
    @Nullable
    Lead lead() {
        if (leader == null) {
            return null;
        }
        Member member = members.get(leader);
        return new Lead(leader, leaderRole, member == null ? null : member.address(), leaderApi);
    }
}
