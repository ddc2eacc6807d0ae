package io.github.pgbaton.hikari;

import com.zaxxer.hikari.HikariConfig;
import io.github.pgbaton.hikari.Finding.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/** Judges a pool's settings; says nothing of one that does no harm. */
final class SettingsReview {
    // What HikariCP takes where nothing is set. Not asked of a new HikariConfig: that one has what somebody set in the
    // file that -Dhikaricp.configurationFile names.
    static final long DEFAULT_CONNECTION_TIMEOUT = 30_000;
    static final long DEFAULT_INITIALIZATION_FAIL_TIMEOUT = 1;
    static final long DEFAULT_MAX_LIFETIME = 1_800_000;
    static final long DEFAULT_KEEPALIVE_TIME = 120_000;

    // What HikariCP does not take a shorter value than.
    private static final long SHORTEST_LIFETIME = 30_000;
    private static final long SHORTEST_KEEPALIVE = 30_000;

    /** HikariCP's own default; a borrower spends it on each idle connection to a member that gives no answer. */
    private static final long LONGEST_VALIDATION_MILLIS = 5_000;

    private final HikariConfig config;
    private final long failoverTimeout;
    private final List<Finding> findings = new ArrayList<>();

    private SettingsReview(HikariConfig config, long failoverTimeout) {
        this.config = config;
        this.failoverTimeout = failoverTimeout;
    }

    /** The warnings, in the order of a connection's life. */
    static List<Finding> of(HikariConfig config, Target target) {
        SettingsReview review = new SettingsReview(
                config, target.spec().config().failoverTimeout().toMillis());
        review.opening(target.spec().pgProperties());
        review.borrowing();
        review.keeping();
        review.failing();
        return List.copyOf(review.findings);
    }

    private void opening(Properties pgProperties) {
        long connection = config.getConnectionTimeout();
        if (connection < failoverTimeout && connection != DEFAULT_CONNECTION_TIMEOUT) {
            warn(
                    "connectionTimeout",
                    connection + " ms is shorter than " + failover()
                            + ", so borrowing fails in the middle of a failover that the driver would have waited out",
                    "set it to " + (failoverTimeout + 5_000) + ", or lower failoverTimeout");
        }
        String login = pgProperties.getProperty("loginTimeout");
        if (login != null && shorter(login)) {
            warn(
                    "loginTimeout",
                    login + " s is shorter than " + failover()
                            + ", so opening a connection gives up in the middle of a failover, and HikariCP pauses up to"
                            + " five seconds before it tries again",
                    "take it away: connectionTimeout bounds the opening of a connection too");
        }
        long start = config.getInitializationFailTimeout();
        if (start > DEFAULT_INITIALIZATION_FAIL_TIMEOUT && start < failoverTimeout) {
            warn(
                    "initializationFailTimeout",
                    start + " ms does not bound a start without a primary: each attempt waits for one for"
                            + " connectionTimeout",
                    "set it to 1 to fail after one attempt, or to -1 to start without a connection");
        }
        if (config.getConnectionInitSql() != null
                && !config.getConnectionInitSql().isEmpty()) {
            warn(
                    "connectionInitSql",
                    "HikariCP runs it once for each connection, and only its settings are repeated on a session that"
                            + " replaces another",
                    "use pgbaton's connectionInitSql, in the URL or as dataSource.connectionInitSql");
        }
        if (config.getDataSourceJNDI() != null && config.getDataSource() == null) {
            warn("dataSourceJNDI", "it is not used: the pool opens its connections itself", "take it away");
        }
    }

    private boolean shorter(String seconds) {
        try {
            double millis = Double.parseDouble(seconds) * 1000;
            return millis > 0 && millis < failoverTimeout;
        } catch (NumberFormatException e) {
            // The driver refuses it with a better message.
            return false;
        }
    }

    private void borrowing() {
        if (config.getConnectionTestQuery() != null
                && !config.getConnectionTestQuery().isEmpty()) {
            warn(
                    "connectionTestQuery",
                    "run when a connection is borrowed, it waits there for a primary, up to validationTimeout for each idle"
                            + " connection, and HikariCP throws each of them away",
                    "take it away: HikariCP asks Connection.isValid then, which knows of failovers");
        }
        if (config.getValidationTimeout() > LONGEST_VALIDATION_MILLIS) {
            warn(
                    "validationTimeout",
                    config.getValidationTimeout()
                            + " ms is how long a borrower waits for each idle connection whose member"
                            + " gives no answer",
                    "set it to " + LONGEST_VALIDATION_MILLIS + " or less");
        }
    }

    private void keeping() {
        long life = config.getMaxLifetime();
        if (life > 0 && life <= failoverTimeout) {
            warn(
                    "maxLifetime",
                    life + " ms is no longer than " + failover()
                            + ": in one outage all idle connections retire, and come back one after the other",
                    "leave it at HikariCP's default of " + DEFAULT_MAX_LIFETIME + ", or set several times "
                            + failoverTimeout);
        }
        keepingAlive();
        long leak = config.getLeakDetectionThreshold();
        if (leak > 0 && leak <= failoverTimeout) {
            warn(
                    "leakDetectionThreshold",
                    leak + " ms is no longer than " + failover()
                            + ": connections whose calls wait for a primary are reported as leaks",
                    "set it to more than " + failoverTimeout + " and the longest transaction, or to 0");
        }
    }

    /** HikariCP turns it off where it takes the value for too short or too long, and only logs that. */
    private void keepingAlive() {
        long life = config.getMaxLifetime();
        if (life > 0 && life < SHORTEST_LIFETIME) {
            // HikariCP does not take it.
            life = DEFAULT_MAX_LIFETIME;
        }
        long keepalive = config.getKeepaliveTime();
        String off =
                "nobody uses an idle connection then, and one that a firewall has forgotten looks alive until a call"
                        + " hangs in it";
        if (keepalive == 0) {
            warn("keepaliveTime", "0 ms turns it off: " + off, "set it to " + keepaliveWithin(life));
        } else if (keepalive < SHORTEST_KEEPALIVE) {
            warn(
                    "keepaliveTime",
                    "HikariCP turns it off, because " + keepalive + " ms is shorter than its minimum of "
                            + SHORTEST_KEEPALIVE + " ms: " + off,
                    "set it to " + keepaliveWithin(life));
        } else if (life > 0 && keepalive >= life) {
            warn(
                    "keepaliveTime",
                    "HikariCP turns it off, because " + keepalive + " ms is not shorter than maxLifetime=" + life
                            + "ms: " + off,
                    "set it to " + keepaliveWithin(life));
        }
    }

    /** What HikariCP takes for a keepalive beside this lifetime; 0 is one without an end. */
    private static String keepaliveWithin(long life) {
        if (life == 0 || life > DEFAULT_KEEPALIVE_TIME) {
            return String.valueOf(DEFAULT_KEEPALIVE_TIME);
        }
        return life > SHORTEST_KEEPALIVE
                ? SHORTEST_KEEPALIVE + ", or maxLifetime to more than " + DEFAULT_KEEPALIVE_TIME
                : DEFAULT_KEEPALIVE_TIME + " and maxLifetime to more than that";
    }

    private void failing() {
        if (config.getExceptionOverride() != null
                && !(config.getExceptionOverride() instanceof BatonExceptionOverride)) {
            warn(
                    "exceptionOverride",
                    config.getExceptionOverride().getClass().getName()
                            + " decides which connections HikariCP keeps after an error; on its own HikariCP throws one away"
                            + " after each SQLState that begins with 08, while pgbaton's move to the primary",
                    "let it ask BatonExceptionOverride where it has no opinion, or take it away");
        }
    }

    private String failover() {
        return "failoverTimeout=" + failoverTimeout + "ms";
    }

    private void warn(String setting, String problem, String fix) {
        findings.add(new Finding(Kind.WARNING, setting, problem, fix));
    }
}
