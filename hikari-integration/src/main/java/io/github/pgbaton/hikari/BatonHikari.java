package io.github.pgbaton.hikari;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.hikari.Finding.Kind;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sets up a HikariCP pool for failover; what somebody set is never changed, only reported.
 *
 * <pre>{@code
 * HikariConfig config = new HikariConfig("/hikari.properties");
 * HikariDataSource pool = BatonHikari.create(config);
 * }</pre>
 *
 * <p>The configuration names pgbaton in any way that HikariCP knows: {@code jdbcUrl}, {@code dataSourceClassName}, or a
 * {@code dataSource} made by the application. On top of what it says:
 *
 * <ul>
 *   <li>idle connections get a session on the new primary in the background, a few at a time and never more than
 *       half of {@code connectLimit}, all pools together; none is thrown away because its session is gone;
 *   <li>{@link BatonExceptionOverride} decides which connections are kept after an error, unless an
 *       {@code exceptionOverride} is set;
 *   <li>{@code connectionTimeout} becomes {@code failoverTimeout} and five seconds where it is HikariCP's default. (HikariCP
 *       cannot tell its default from the same value set by somebody.)
 *   <li>settings that defeat a failover are reported: by {@link #customize} as a list, and in the log, as WARN. None of them is
 *       refused: each is right for somebody, and an application that starts is better than one that does not.
 * </ul>
 *
 * <p>Needs no closing of its own: with the pool's last connection everything ends. Stateless and thread-safe.
 */
public final class BatonHikari {
    /** Lets the driver speak first: its error says why there is no primary, HikariCP's only that there is no connection. */
    private static final long AFTER_FAILOVER_TIMEOUT_MILLIS = 5_000;

    private static final Logger LOG = LoggerFactory.getLogger(BatonHikari.class);

    private BatonHikari() {}

    /**
     * Makes a pool that is set up for failover.
     *
     * @param config as for {@link HikariDataSource#HikariDataSource(HikariConfig)}; copied, and not changed
     * @return the pool, started; to be closed as any
     * @throws IllegalArgumentException as {@link #customize}, and as HikariCP for settings of its own
     * @throws com.zaxxer.hikari.pool.HikariPool.PoolInitializationException without a primary within {@code
     *     connectionTimeout}, unless {@code initializationFailTimeout} is negative
     */
    public static HikariDataSource create(HikariConfig config) {
        HikariConfig copy = new HikariConfig();
        config.copyStateTo(copy);
        customize(copy);
        return new HikariDataSource(copy);
    }

    /**
     * Sets up a configuration for failover, before its pool starts; for those who make the pool themselves, as frameworks do.
     * Called again it changes nothing more.
     *
     * <p>It sets {@code dataSource} to one of pgbaton's, which HikariCP prefers to {@code jdbcUrl} and {@code
     * dataSourceClassName}; the URL stays readable, {@code dataSourceClassName} is taken away.
     *
     * @param config to change; also a {@link HikariDataSource} that was not used yet
     * @return what was found, warnings first; each was logged too. Empty where nothing is to be said
     * @throws IllegalArgumentException where the configuration does not lead to pgbaton, or pgbaton does not accept its URL
     *     or properties
     * @throws IllegalStateException where the pool has been started
     */
    public static List<Finding> customize(HikariConfig config) {
        Target target = Target.of(config);
        List<Finding> findings = new ArrayList<>(SettingsReview.of(config, target));
        if (!(config.getDataSource() instanceof PooledDataSource)) {
            config.setDataSource(
                    new PooledDataSource(target.source(), config, target.spec().config()));
            config.setDataSourceClassName(null);
        }
        if (config.getExceptionOverride() == null) {
            config.setExceptionOverride(new BatonExceptionOverride());
        }
        raiseConnectionTimeout(config, target.spec(), findings);
        String pool = config.getPoolName() == null ? "pool" : config.getPoolName();
        for (Finding finding : findings) {
            if (finding.kind() == Kind.WARNING) {
                LOG.warn("{} - {}", pool, finding);
            } else {
                LOG.info("{} - {}", pool, finding);
            }
        }
        return List.copyOf(findings);
    }

    /**
     * Tells what {@link #customize} would warn of, and changes and logs nothing.
     *
     * @param config of a pool, started or not
     * @return the warnings
     * @throws IllegalArgumentException as {@link #customize}
     */
    public static List<Finding> check(HikariConfig config) {
        return SettingsReview.of(config, Target.of(config));
    }

    private static void raiseConnectionTimeout(HikariConfig config, ConnectionSpec spec, List<Finding> findings) {
        long failover = spec.config().failoverTimeout().toMillis();
        long now = config.getConnectionTimeout();
        if (now < failover && now == SettingsReview.DEFAULT_CONNECTION_TIMEOUT) {
            config.setConnectionTimeout(failover + AFTER_FAILOVER_TIMEOUT_MILLIS);
            findings.add(new Finding(
                    Kind.CHANGED,
                    "connectionTimeout",
                    "raised from HikariCP's default of " + now + " ms to " + config.getConnectionTimeout()
                            + " ms, to wait out a failover (failoverTimeout=" + failover + "ms)",
                    "set it, or failoverTimeout, to another value to choose yourself"));
        }
    }
}
