package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.probe.OpenSession;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a session takes over from another one on a real PostgreSQL, and what it does not. */
@Timeout(120)
class KnownFactsIT extends OnLedgerBench {
    @Test
    void eachSessionKnowsItsOwnBackendThoughItTakesTheLedgerOverFromAnother() throws SQLException {
        Committer one = Committer.open(ref, bench.open(ref));
        bench.proxy.forget();
        OpenSession session = bench.open(ref);
        Committer other = Committer.open(ref, session);

        assertThat(other.backend().pid())
                .isNotEqualTo(one.backend().pid())
                .isEqualTo(session.connection().getBackendPID());
        assertThat(other.protects()).isTrue();
        assertThat(other.unprotected()).isNull();
        // The password, and one question for all that PgJDBC and the driver have to know.
        assertThat(bench.proxy.types()).isEqualTo("ppPBDES");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ALTER TABLE pgbaton.tx ENABLE ROW LEVEL SECURITY",
                "CREATE RULE r AS ON INSERT TO pgbaton.tx DO INSTEAD NOTHING",
                "ALTER TABLE pgbaton.tx ADD more int",
                "REVOKE INSERT ON pgbaton.tx FROM PUBLIC",
                "DROP TABLE pgbaton.tx"
            })
    void aLedgerThatWasSpoiledMeanwhileIsNotTakenOver(String spoil) throws SQLException {
        Committer.open(ref, bench.open(ref));
        bench.asAdmin(spoil);

        Committer next = Committer.open(ref, bench.open(ref));

        assertThat(next.unprotected()).contains("pgbaton.tx");
    }
}
