package io.github.pgbaton.topology;

import org.jspecify.annotations.Nullable;

/**
 * One member of the cluster as it announces itself.
 *
 * @param name Patroni's name of it
 * @param address where its PostgreSQL listens, from {@code conn_url}
 * @param role its role, often more than a second behind the truth (source: Patroni writes member keys once a loop)
 * @param state Patroni's word, for example {@code running}; empty where unknown
 * @param proxy where a pooler in front of it listens, from {@code proxy_url}; null where it announces none
 * @param synchronous whether the primary waits for it at COMMIT, as Patroni's {@code sync} key or its role tells
 * @param balanced whether it takes reads: false with Patroni's tag {@code noloadbalance}
 * @param timeline the one its WAL is on, as stale as its role; 0 where unknown
 */
public record Member(
        String name,
        HostPort address,
        Role role,
        String state,
        @Nullable HostPort proxy,
        boolean synchronous,
        boolean balanced,
        int timeline) {

    /** One that takes reads, and of which no more is known. */
    public Member(String name, HostPort address, Role role, String state, @Nullable HostPort proxy) {
        this(name, address, role, state, proxy, false, true, 0);
    }

    /** One that announces no pooler. */
    public Member(String name, HostPort address, Role role, String state) {
        this(name, address, role, state, null);
    }

    /**
     * @param other where it is reached
     * @return the same member there
     */
    public Member at(HostPort other) {
        return new Member(name, other, role, state, proxy, synchronous, balanced, timeline);
    }

    /**
     * @param pooler that it announces, null for none
     * @return the same member with that
     */
    public Member behind(@Nullable HostPort pooler) {
        return new Member(name, address, role, state, pooler, synchronous, balanced, timeline);
    }

    /**
     * @param now whether the primary waits for it
     * @return the same member with that
     */
    public Member synchronous(boolean now) {
        return new Member(name, address, role, state, proxy, now, balanced, timeline);
    }
}
