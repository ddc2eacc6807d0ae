package io.github.pgbaton.topology;

import org.jspecify.annotations.Nullable;

/**
 * A switchover or failover that an operator asked for and that has not been carried out yet.
 *
 * @param from the leader that shall give up, null where not named
 * @param to the member that shall take over, null where any may
 * @param scheduled whether it is for a later time; an unscheduled one starts within about 200 ms
 * @param begun whether the leader is seen to be giving up: PostgreSQL there stops as soon as its last checkpoint is
 *     written, often within 20 ms
 */
public record Switchover(@Nullable String from, @Nullable String to, boolean scheduled, boolean begun) {

    /** One that is not seen to have begun. */
    public Switchover(@Nullable String from, @Nullable String to, boolean scheduled) {
        this(from, to, scheduled, false);
    }

    /** @return the same, begun */
    public Switchover asBegun() {
        return new Switchover(from, to, scheduled, true);
    }

    /**
     * @param other what was announced before, null for nothing
     * @return whether both are one and the same plan, begun or not
     */
    public boolean samePlan(@Nullable Switchover other) {
        return other != null && asBegun().equals(other.asBegun());
    }
}
