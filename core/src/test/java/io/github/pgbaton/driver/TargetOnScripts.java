package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A primary and two replicas, all scripted and equally far at first; each test has servers and a scope of its own. */
abstract class TargetOnScripts {
    static final Duration PATIENCE = Duration.ofSeconds(20);
    static final long MIB = 1 << 20;
    static final String IMPATIENT = "failoverTimeout=2s";

    final Scripts scripts = new Scripts("target");
    ScriptedPostgres primary;
    ScriptedPostgres second;
    ScriptedPostgres third;
    ScriptedLeaderSource source;

    @BeforeEach
    void open() throws Exception {
        primary = scripts.server().position(100 * MIB);
        second = scripts.server().inRecovery(true).position(100 * MIB);
        third = scripts.server().inRecovery(true).position(100 * MIB);
        source = scripts.source(primary, second, third);
        source.elect("node1");
    }

    @AfterEach
    void close() throws Exception {
        scripts.close();
    }

    BatonDataSource target(String target, String... more) {
        return scripts.following("target=" + target, String.join("&", more));
    }

    /** Which server got the statement; fails where it was none or several. */
    ScriptedPostgres runs(Connection connection, String sql) throws SQLException {
        run(connection, sql);
        List<ScriptedPostgres> got = new ArrayList<>();
        for (ScriptedPostgres server : List.of(primary, second, third)) {
            if (server.statements().contains(sql)) {
                got.add(server);
            }
        }
        assertThat(got).as(sql).hasSize(1);
        return got.get(0);
    }

    ScriptedPostgres other(ScriptedPostgres replica) {
        return replica == second ? third : second;
    }

    String name(ScriptedPostgres server) {
        return server == primary ? "node1" : server == second ? "node2" : "node3";
    }

    /** Until the driver has looked at everybody at least once more. */
    void awaitLooks() {
        long[] before = {looks(primary), looks(second), looks(third)};
        await().atMost(PATIENCE)
                .until(() -> looks(primary) > before[0] + 1
                        && looks(second) > before[1] + 1
                        && looks(third) > before[2] + 1);
    }

    static long looks(ScriptedPostgres server) {
        return server.allStatements().stream()
                .filter(sql -> sql.contains("pg_last_wal_replay_lsn"))
                .count();
    }

    void awaitLooksOfTheLiving() {
        long before = looks(primary);
        await().atMost(PATIENCE).until(() -> looks(primary) > before + 1);
    }
}
