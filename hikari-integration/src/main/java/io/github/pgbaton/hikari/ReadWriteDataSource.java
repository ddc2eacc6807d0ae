package io.github.pgbaton.hikari;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.config.BatonProperty;
import io.github.pgbaton.config.ConnectionSpec;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Properties;
import java.util.function.Consumer;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Two HikariCP pools behind one {@link DataSource}: a connection that is read-only when it is first used comes from the pool
 * of the replicas, any other one from the pool of the primary. No SQL is ever looked at.
 *
 * <pre>{@code
 * ReadWriteDataSource source = ReadWriteDataSource.create(config, replicas -> replicas.setMaximumPoolSize(30));
 * }</pre>
 *
 * <p>The choice is made by {@link Connection#setReadOnly}, as Spring's {@code @Transactional(readOnly = true)} does it, and
 * at the first call that needs a server. What is set before that, autocommit, isolation level, schema and the like, is given
 * to the connection that was chosen. Between two transactions {@code setReadOnly} changes the choice: the next call runs on
 * a connection of the other pool, which is given the same settings, and statements made before are closed. In the middle of a
 * transaction it fails with 25001, and nothing has changed.
 *
 * <p>The pool of the replicas has {@code target=preferReplica}: without a replica that is fit, its connections are on the
 * primary, still read-only. A transaction with SERIALIZABLE is on the primary, too, in either mode: PostgreSQL refuses that
 * isolation level on a standby. {@code maxReplicaLag} and {@code replicaChoice} are set in the URL. A replica may lag behind what the
 * same application has just written; a read that needs its own writes belongs into a transaction that is not read-only.
 *
 * <p>Both pools are set up by {@link BatonHikari}. Thread-safe; its connections serve one thread at a time.
 */
public final class ReadWriteDataSource implements DataSource, AutoCloseable {
    private final HikariDataSource primary;
    private final HikariDataSource replicas;

    private ReadWriteDataSource(HikariDataSource primary, HikariDataSource replicas) {
        this.primary = primary;
        this.replicas = replicas;
    }

    /**
     * Makes two pools of the same size.
     *
     * @param config of both, as for {@link #create(HikariConfig, Consumer)}
     * @return the pair, started
     */
    public static ReadWriteDataSource create(HikariConfig config) {
        return create(config, replicas -> {});
    }

    /**
     * Makes both pools of one configuration.
     *
     * @param config of the primary's pool, and what the replicas' begins with; names the cluster by {@code jdbcUrl} or {@code
     *     dataSourceClassName}, without {@code target}; copied, and not changed
     * @param replicas changes what shall be different in the pool of the replicas, as its size or a driver's property; its name is the other one's and
     *     {@code -replicas} unless it is changed here
     * @return the pair, started
     * @throws IllegalArgumentException as {@link BatonHikari#customize}; where {@code target} is set, or a {@code dataSource} is
     *     given, of which there would have to be two
     * @throws com.zaxxer.hikari.pool.HikariPool.PoolInitializationException as {@link BatonHikari#create}; nothing is left open
     */
    public static ReadWriteDataSource create(HikariConfig config, Consumer<HikariConfig> replicas) {
        if (config.getDataSource() != null) {
            throw new IllegalArgumentException(
                    "dataSource is set, and two pools need two of them; accepted: jdbcUrl or" + " dataSourceClassName");
        }
        HikariConfig forPrimary = forPrimary(config);
        HikariConfig forReplicas = forReplicas(config, replicas);
        HikariDataSource first = BatonHikari.create(forPrimary);
        boolean opened = false;
        try {
            ReadWriteDataSource pair = new ReadWriteDataSource(first, BatonHikari.create(forReplicas));
            opened = true;
            return pair;
        } finally {
            if (!opened) {
                first.close();
            }
        }
    }

    static HikariConfig forPrimary(HikariConfig config) {
        HikariConfig copy = copy(config);
        copy.setPoolName(name(config));
        return aimed(copy, "primary");
    }

    static HikariConfig forReplicas(HikariConfig config, Consumer<HikariConfig> changes) {
        HikariConfig copy = copy(config);
        copy.setPoolName(name(config) + "-replicas");
        Properties shared = config.getDataSourceProperties();
        Properties before = new Properties();
        before.putAll(shared);
        try {
            changes.accept(copy);
            if (copy.getDataSource() != null) {
                throw new IllegalArgumentException(
                        "dataSource is set for the replicas; accepted: jdbcUrl or dataSourceClassName, and properties");
            }
            return aimed(copy, "preferReplica");
        } finally {
            // HikariCP's copies share their properties: what was set for the replicas is not for the caller's
            // configuration.
            shared.clear();
            shared.putAll(before);
        }
    }

    private static String name(HikariConfig config) {
        String given = config.getPoolName();
        return given == null ? "pgbaton" : given;
    }

    private static HikariConfig copy(HikariConfig config) {
        HikariConfig copy = new HikariConfig();
        config.copyStateTo(copy);
        return copy;
    }

    /** Gives a copy a data source, which has its settings from now on. */
    private static HikariConfig aimed(HikariConfig copy, String target) {
        Target found = Target.of(copy);
        refuseOther(found.spec(), "primary");
        try {
            BatonDataSource source = found.source().unwrap(BatonDataSource.class);
            source.setProperty(BatonProperty.TARGET.key(), target);
            refuseOther(Target.spec(source), target);
            copy.setDataSource(source);
        } catch (SQLException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
        copy.setDataSourceClassName(null);
        return copy;
    }

    private static void refuseOther(ConnectionSpec spec, String target) {
        int index = spec.config().target().ordinal();
        if (!BatonProperty.TARGET.words().get(index).equals(target)) {
            throw new IllegalArgumentException(
                    "target=" + BatonProperty.TARGET.words().get(index)
                            + " is set, and each of the two pools has its own; accepted: a configuration without target");
        }
    }

    /**
     * @return a connection that has not chosen its pool yet, so that this takes none and never waits
     * @throws SQLException 08003 when closed
     */
    @Override
    public Connection getConnection() throws SQLException {
        if (primary.isClosed()) {
            throw new java.sql.SQLNonTransientConnectionException("this data source has been closed", "08003");
        }
        return new RoutedConnection(
                this::choose,
                new RoutedConnection.Modes(
                        primary.isReadOnly(),
                        primary.isAutoCommit(),
                        serializable(replicas.getTransactionIsolation())));
    }

    /** Never: a pool has the credentials of its configuration. */
    @Override
    public Connection getConnection(@Nullable String user, @Nullable String password) throws SQLException {
        throw new SQLFeatureNotSupportedException("both pools have the user of their configuration", "0A000");
    }

    /** As HikariCP reads it: by name, or by number. */
    private static boolean serializable(@Nullable String isolation) {
        return "TRANSACTION_SERIALIZABLE".equalsIgnoreCase(isolation)
                || String.valueOf(Connection.TRANSACTION_SERIALIZABLE).equals(isolation);
    }

    private Connection choose(boolean replica) throws SQLException {
        return (replica ? replicas : primary).getConnection();
    }

    /** @return the pool of the primary, for its metrics and its MXBeans; closed by {@link #close} */
    public HikariDataSource primaryPool() {
        return primary;
    }

    /** @return the pool of the replicas, as {@link #primaryPool} */
    public HikariDataSource replicaPool() {
        return replicas;
    }

    @Override
    public @Nullable PrintWriter getLogWriter() throws SQLException {
        return primary.getLogWriter();
    }

    @Override
    public void setLogWriter(@Nullable PrintWriter out) throws SQLException {
        primary.setLogWriter(out);
        replicas.setLogWriter(out);
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        primary.setLoginTimeout(seconds);
        replicas.setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return primary.getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        throw new SQLFeatureNotSupportedException("pgbaton logs through SLF4J", "0A000");
    }

    /** This, and what the pool of the primary can be unwrapped to: a framework that asks for {@link HikariDataSource} gets that. */
    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return type.isInstance(this)
                ? type.cast(this)
                : type.isInstance(primary) ? type.cast(primary) : primary.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return type.isInstance(this) || type.isInstance(primary) || primary.isWrapperFor(type);
    }

    /** Closes both pools, as {@link HikariDataSource#close} does; idempotent. */
    @Override
    public void close() {
        try {
            replicas.close();
        } finally {
            primary.close();
        }
    }

    @Override
    public String toString() {
        return "ReadWriteDataSource[" + primary + ", " + replicas + "]";
    }
}
