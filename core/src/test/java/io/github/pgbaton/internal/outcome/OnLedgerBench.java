package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.outcome.CommitResult.InDoubt;
import io.github.pgbaton.internal.probe.OpenSession;
import io.github.pgbaton.internal.routing.ClusterRef;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests on one real PostgreSQL with a ledger; each begins with a {@link LedgerBench} and a reference to it of its own. */
abstract class OnLedgerBench {
    @RegisterExtension
    static final PatroniClusterExtension CLUSTER =
            PatroniClusterExtension.local(builder -> builder.members(1).synchronousMode(false));

    LedgerBench bench;
    ClusterRef ref;

    @BeforeEach
    void open() throws Exception {
        bench = new LedgerBench(CLUSTER.cluster());
        ref = bench.cluster("");
    }

    @AfterEach
    void close() throws Exception {
        bench.close();
    }

    /** One transaction that writes a row, on a session of its own. */
    CommitResult commit(int id) throws SQLException {
        OpenSession session = bench.open(ref);
        Committer committer = Committer.open(ref, session);
        LedgerBench.begin(session.connection(), id);
        return committer.commit(false);
    }

    CompletableFuture<CommitResult> inBackground(int id) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return commit(id);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    static void assertInDoubt(CommitResult result) {
        assertThat(result).isInstanceOfSatisfying(InDoubt.class, inDoubt -> {
            assertThat(inDoubt.doubt().token()).isNotNull();
            assertThat(inDoubt.doubt().backendStart()).isPositive();
            assertThat(inDoubt.doubt().timeline()).isPositive();
        });
    }
}
