package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.pgbaton.replay.ReplayableConnection;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whoever borrows a connection next begins with nothing of what was said of the last one's transactions. */
@Timeout(60)
class RequestBoundaryTest {
    private static final String INSERT = "INSERT INTO t VALUES (1)";

    private final Scripts scripts = new Scripts("boundary");
    private ScriptedPostgres server;
    private Connection connection;
    private ReplayableConnection replayable;

    @BeforeEach
    void open() throws Exception {
        server = scripts.server().ledger();
        scripts.source(server).elect("node1");
        connection = scripts.following("failoverTimeout=20s").getConnection();
        connection.setAutoCommit(false);
        replayable = connection.unwrap(ReplayableConnection.class);
    }

    @AfterEach
    void close() throws Exception {
        connection.close();
        scripts.close();
    }

    private interface Boundary {
        void pass() throws SQLException;
    }

    private void assertEnds(Boundary boundary) throws SQLException {
        assertThat(replayable.obstacle()).isNotEmpty();
        boundary.pass();
        assertThat(replayable.obstacle()).isEmpty();
    }

    @Test
    void wordAboutTheNextTransactionIsNotAboutTheNextBorrowers() throws Exception {
        replayable.disableReplay();
        assertEnds(connection::endRequest);

        replayable.disableReplay();
        assertEnds(connection::beginRequest);
    }

    @Test
    void transactionThatEndedInATextThatFailedLeavesNothing() throws Exception {
        server.script(sql -> sql.contains("1 / 0") ? Reaction.FAIL : Reaction.SUCCEED);
        run(connection, INSERT);
        assertThat(catchThrowableOfType(SQLException.class, () -> run(connection, "COMMIT; SELECT 1 / 0"))
                        .getSQLState())
                .isEqualTo("23505");

        assertEnds(connection::endRequest);
    }

    @Test
    void transactionThatIsOpenStillIsWhatItWas() throws Exception {
        run(connection, INSERT);
        replayable.disableReplay();
        connection.endRequest();

        assertThat(replayable.obstacle()).isNotEmpty();
        connection.rollback();
        assertThat(replayable.obstacle()).isEmpty();
    }
}
