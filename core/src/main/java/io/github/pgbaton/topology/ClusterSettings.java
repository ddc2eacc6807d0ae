package io.github.pgbaton.topology;

import java.time.Duration;

/**
 * What of Patroni's dynamic configuration matters to a client; {@link #DEFAULTS} are Patroni's own.
 *
 * @param ttl how long the leader key outlives its holder
 * @param loopWait how often a member looks at the cluster
 * @param retryTimeout how long a member retries the DCS and PostgreSQL
 * @param paused whether automatic failover is off
 * @param failsafe whether a primary may go on without the DCS
 * @param standbyCluster whether the cluster follows another one and takes no writes
 * @param synchronous whether commits wait for a synchronous standby
 */
public record ClusterSettings(
        Duration ttl,
        Duration loopWait,
        Duration retryTimeout,
        boolean paused,
        boolean failsafe,
        boolean standbyCluster,
        boolean synchronous) {

    /** Patroni's defaults: ttl 30 s, loop_wait 10 s, retry_timeout 10 s, everything else off. */
    public static final ClusterSettings DEFAULTS = new ClusterSettings(
            Duration.ofSeconds(30), Duration.ofSeconds(10), Duration.ofSeconds(10), false, false, false, false);
}
