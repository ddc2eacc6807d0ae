package io.github.pgbaton.scripted;

import io.github.pgbaton.config.ConnectionSpec;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;

/** A cluster of two scripted servers, node1 the leader at first; each test has servers and a scope of its own. */
public abstract class ScriptedPair {
    protected static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final AtomicInteger SCOPES = new AtomicInteger();

    protected ScriptedPostgres first;
    protected ScriptedPostgres second;
    protected ScriptedLeaderSource source;
    private String scope;

    /** Makes these the cluster; closed after the test. */
    protected final void lead(ScriptedPostgres node1, ScriptedPostgres node2) {
        first = node1;
        second = node2;
        scope = "pair-" + SCOPES.incrementAndGet();
        source = ScriptedLeaderSource.register(scope, first, second);
        source.elect("node1");
    }

    /** How a client reaches the cluster, with these settings more. */
    protected final ConnectionSpec spec(String... more) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", "app");
        return ConnectionSpec.parse(
                "jdbc:pgbaton:postgresql:///db?etcd=http://127.0.0.1:1&sslmode=disable&scope=" + scope + "&"
                        + String.join("&", more),
                properties);
    }

    @AfterEach
    protected void closeServers() throws Exception {
        first.close();
        second.close();
    }
}
