package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.io.IOException;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A client of a cluster of two scripted servers, node1 the leader at first; each test has servers and a scope of its own. */
abstract class OutcomeOnScripts {
    private static final AtomicInteger SCOPES = new AtomicInteger();
    static final Duration PATIENCE = Duration.ofSeconds(20);

    ScriptedPostgres first;
    ScriptedPostgres second;
    ScriptedLeaderSource source;
    ClusterRef cluster;

    /** The leader at first, with the answers that the tests need. */
    abstract ScriptedPostgres node1() throws IOException;

    abstract ScriptedPostgres node2() throws IOException;

    @BeforeEach
    void open() throws Exception {
        first = node1();
        second = node2();
        String scope = "outcome-" + SCOPES.incrementAndGet();
        source = ScriptedLeaderSource.register(scope)
                .member("node1", first.address())
                .member("node2", second.address());
        source.elect("node1");
        Properties properties = new Properties();
        properties.setProperty("user", "app");
        cluster = ClusterRef.acquire(ConnectionSpec.parse(
                "jdbc:pgbaton:postgresql:///db?etcd=http://127.0.0.1:1&sslmode=disable&scope=" + scope, properties));
    }

    @AfterEach
    void close() throws Exception {
        cluster.release();
        first.close();
        second.close();
    }

    /** What became of a COMMIT; the session on which that was found out is given back. */
    Resolution resolve(Doubt doubt, Duration limit) {
        Resolution found = Resolver.resolve(cluster, doubt, Deadline.in(limit), () -> false);
        OpenSession session = found.session();
        if (session != null) {
            cluster.discard(session);
        }
        return found;
    }
}
