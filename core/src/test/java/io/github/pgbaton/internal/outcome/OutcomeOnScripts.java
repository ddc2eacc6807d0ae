package io.github.pgbaton.internal.outcome;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.scripted.ScriptedPair;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A client of a scripted pair. */
abstract class OutcomeOnScripts extends ScriptedPair {
    ClusterRef cluster;

    /** The leader at first, with the answers that the tests need. */
    abstract ScriptedPostgres node1() throws IOException;

    abstract ScriptedPostgres node2() throws IOException;

    @BeforeEach
    void open() throws Exception {
        lead(node1(), node2());
        cluster = ClusterRef.acquire(spec());
    }

    @AfterEach
    void close() {
        cluster.release();
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
