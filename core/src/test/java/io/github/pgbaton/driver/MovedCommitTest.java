package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A session that left its member while it was alive commits like any other. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MovedCommitTest {
    private static final long POSITION = 100 << 20;

    private final Scripts scripts = new Scripts("moved");
    private ScriptedPostgres second;
    private ScriptedPostgres third;
    private ScriptedLeaderSource source;

    @BeforeEach
    void open() throws Exception {
        ScriptedPostgres primary = scripts.server().position(POSITION);
        second = scripts.server().inRecovery(true).position(POSITION);
        third = scripts.server().inRecovery(true).position(POSITION);
        source = scripts.source(primary, second, third);
        source.elect("node1");
    }

    @AfterEach
    void close() throws Exception {
        scripts.close();
    }

    @Test
    void commitOfItsFirstTransactionIsNotUnknown() throws Exception {
        BatonDataSource replicas = scripts.following("target=replica", "");
        try (Connection connection = replicas.getConnection()) {
            connection.setAutoCommit(false);
            run(connection, "SELECT 1");
            connection.commit();
            source.elect(second.statements().contains("SELECT 1") ? "node2" : "node3");
            AtomicBoolean hungUp = new AtomicBoolean();
            for (ScriptedPostgres server : List.of(second, third)) {
                server.script(
                        sql -> sql.equals("COMMIT") && !hungUp.getAndSet(true) ? Reaction.HANG_UP : Reaction.SUCCEED);
            }
            run(connection, "SELECT 2");
            SQLException told = catchThrowableOfType(SQLException.class, connection::commit);

            assertThat(hungUp).isTrue();
            assertThat(told == null ? "success" : told.getSQLState()).isNotEqualTo("08007");
        }
    }
}
