package io.github.pgbaton.topology;

/**
 * One member of the cluster as it announces itself.
 *
 * @param name Patroni's name of it
 * @param address where its PostgreSQL listens, from {@code conn_url}
 * @param role its role, often more than a second behind the truth (source: Patroni writes member keys once a loop)
 * @param state Patroni's word, for example {@code running}; empty where unknown
 */
public record Member(String name, HostPort address, Role role, String state) {}
