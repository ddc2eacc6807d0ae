package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.event.CommitUnknownException;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import io.github.pgbaton.topology.TimelineHistory;
import io.github.pgbaton.topology.TimelineHistory.Switch;
import java.sql.Connection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an application without a ledger sees of a COMMIT that a failover cuts off. */
@Timeout(60)
class XidOutcomeTest extends PairOnScripts {
    private static final String INSERT = "INSERT INTO t VALUES (1)";

    private volatile String lsn = "0/400";

    XidOutcomeTest() {
        super("xid-outcome");
    }

    @BeforeEach
    void answer() {
        first.xids().answers(sql -> rowOf(sql, 1));
        second.xids().answers(sql -> rowOf(sql, 2));
    }

    private String @Nullable [] rowOf(String sql, int timeline) {
        if (sql.contains("pg_current_xact_id_if_assigned(), CASE")) {
            return new String[] {"700", lsn, String.valueOf(timeline), "t"};
        }
        if (sql.contains("pg_xact_status('700'")) {
            return new String[] {"1", "1000", "f", "off", String.valueOf(timeline), "7000000000000000001", "committed"};
        }
        return sql.contains("pg_logical_emit_message(true") ? new String[] {"0/0", "t", "t"} : null;
    }

    /** The first member ends in place of an answer to COMMIT, and timeline 2 begins at 0/800. */
    private void cutTheCommitOff() {
        source.history(new TimelineHistory(List.of(new Switch(1, 0x800, "node2"))));
        first.script(sql -> {
            if (!sql.equals("COMMIT")) {
                return Reaction.SUCCEED;
            }
            source.elect("node2");
            return Reaction.HANG_UP;
        });
    }

    private Connection inTransaction() throws Exception {
        Connection connection = scripts.following("commitOutcome=xid").getConnection();
        connection.setAutoCommit(false);
        Scripts.run(connection, INSERT);
        return connection;
    }

    @Test
    void oneThatIsProvenToBeLostIsReplayedAndCommitted() throws Exception {
        lsn = "0/800";
        cutTheCommitOff();
        try (Connection connection = inTransaction()) {
            connection.commit();

            assertThat(second.statements()).containsSubsequence("BEGIN", INSERT, "COMMIT");
        }
    }

    @Test
    void oneThatMayBeAStrangersIsUnknownAndNotRunAgain() throws Exception {
        cutTheCommitOff();
        try (Connection connection = inTransaction()) {
            assertThatThrownBy(connection::commit)
                    .isInstanceOf(CommitUnknownException.class)
                    .hasMessageContaining("calls its transaction id committed");

            assertThat(second.statements()).doesNotContain(INSERT, "COMMIT");
        }
    }
}
