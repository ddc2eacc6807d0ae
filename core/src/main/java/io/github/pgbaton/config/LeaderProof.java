package io.github.pgbaton.config;

/**
 * What a connection does once no leader source has confirmed a leader for Patroni's ttl: the DCS is out of reach, or
 * nobody holds the lock; a session in the middle of a transaction goes on either way.
 */
public enum LeaderProof {
    /** PostgreSQL itself is asked: out of recovery, the right cluster, no timeline of the past; then work goes on. */
    AVAILABLE,
    /** Nothing new is begun: new connections and new transactions wait, and fail with 08001 at their deadline. */
    STRICT
}
