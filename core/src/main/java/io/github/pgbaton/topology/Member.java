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
 */
public record Member(
        String name,
        HostPort address,
        Role role,
        String state,
        @Nullable HostPort proxy) {

    /** One that announces no pooler. */
    public Member(String name, HostPort address, Role role, String state) {
        this(name, address, role, state, null);
    }
}
