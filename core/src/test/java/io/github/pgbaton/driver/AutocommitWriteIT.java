package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.event.StatementUnknownException;
import io.github.pgbaton.scripted.LostStandby;
import io.github.pgbaton.scripted.WireProxy.Action;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Writes in autocommit mode that are cut off: applied once, or unknown, and never repeated. */
@Timeout(180)
class AutocommitWriteIT extends AutocommitOnWire {
    @ParameterizedTest
    @CsvSource({
        "INSERT, LOSE", "INSERT, HALVE", "INSERT, LOSE_ANSWER", "INSERT, STRAND",
        "COMMIT, LOSE", "COMMIT, HALVE", "COMMIT, LOSE_ANSWER", "COMMIT, STRAND"
    })
    void writeInFlightIsAppliedOnce(String at, Action action) throws Exception {
        run(insert("before"));
        AtomicBoolean cut = once(sent -> at.equals("COMMIT") ? commits(sent) : executes(sent, insert("a")), action);

        assertThat(update(insert("a"))).isEqualTo(1);

        assertThat(cut).isTrue();
        assertThat(rows()).containsExactly("a", "before");
        assertThat(connection.getAutoCommit()).isTrue();
        assertThat(update(insert("after"))).isEqualTo(1);
        assertThat(rows()).containsExactly("a", "after", "before");
    }

    @ParameterizedTest
    @EnumSource(names = {"LOSE", "LOSE_ANSWER"})
    void writeInFlightIsAppliedOnceWithoutALedgerToo(Action action) throws Exception {
        connect(ON + "&commitOutcome=xid");
        List<String> keys = new ArrayList<>();
        await().atMost(Duration.ofSeconds(60)).until(() -> {
            keys.add("a" + keys.size());
            return isKnownWhoseCommitIsCut(keys.get(keys.size() - 1), action);
        });

        assertThat(rows()).doesNotHaveDuplicates().contains(keys.get(keys.size() - 1));
    }

    /** Nobody can tell before there is a session that was open then, which the first COMMIT has opened. */
    private boolean isKnownWhoseCommitIsCut(String key, Action action) throws SQLException {
        AtomicBoolean cut = once(sent -> executes(sent, "COMMIT"), action);
        try {
            assertThat(update(insert(key))).isEqualTo(1);
            assertThat(cut).isTrue();
            return true;
        } catch (StatementUnknownException e) {
            assertThat((Throwable) e).hasMessageContaining("no session that was open before the COMMIT");
            return false;
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"LOSE", "LOSE_ANSWER"})
    void writeInFlightIsUnknownWhereThatIsOff(Action action) throws Exception {
        connect("");
        once(sent -> executes(sent, insert("a")), action);

        SQLException unknown = catchThrowableOfType(SQLException.class, () -> run(insert("a")));

        assertThat(unknown.getSQLState()).isEqualTo("40003");
        assertThat(text("SELECT 'goes on'")).isEqualTo("goes on");
        assertThat(rows()).hasSize(action == Action.LOSE ? 0 : 1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"CALL alone_commits()", "DO $$ BEGIN INSERT INTO alone (v) VALUES ('do'); END $$", "VACUUM alone"
            })
    void whatNoTransactionCanHoldRunsByItselfAndIsUnknownInFlight(String sql) throws Exception {
        asAdmin("CREATE OR REPLACE PROCEDURE alone_commits() LANGUAGE plpgsql AS"
                + " $$ BEGIN INSERT INTO alone (v) VALUES ('call'); COMMIT; END $$");
        asAdmin("ALTER TABLE alone OWNER TO " + cluster.user());
        run(sql);
        int rows = rows().size();
        once(sent -> executes(sent, sql), Action.LOSE);

        SQLException unknown = catchThrowableOfType(SQLException.class, () -> run(sql));

        assertThat(unknown.getSQLState()).isEqualTo("40003");
        assertThat(rows()).hasSize(rows);
    }

    @Test
    void outcomesOfAWriteAreThoseOfAutocommitMode() throws Exception {
        once(AutocommitOnWire::commits, Action.LOSE_ANSWER);
        try (PreparedStatement keyed =
                connection.prepareStatement("INSERT INTO alone (v) VALUES (?)", Statement.RETURN_GENERATED_KEYS)) {
            keyed.setString(1, "keyed");
            assertThat(keyed.executeUpdate()).isEqualTo(1);
            ResultSet keys = keyed.getGeneratedKeys();
            assertThat(keys.next()).isTrue();
            assertThat(keys.getString("v")).isEqualTo("keyed");
            assertThat(keyed.getUpdateCount()).isEqualTo(1);
        }
        once(AutocommitOnWire::commits, Action.LOSE_ANSWER);
        try (Statement returning = connection.createStatement()) {
            returning.setFetchSize(2);
            ResultSet rows = returning.executeQuery(
                    "INSERT INTO alone (v) SELECT 'many' FROM generate_series(1, 5) RETURNING v");
            int seen = 0;
            while (rows.next()) {
                seen++;
            }
            assertThat(seen).isEqualTo(5);
            assertThat(returning.getFetchSize()).isEqualTo(2);
            assertThat(returning.getMoreResults()).isFalse();
            assertThat(returning.getUpdateCount()).isEqualTo(-1);
        }
        assertThat(text("SELECT 'goes on'")).isEqualTo("goes on");
        assertThat(rows()).containsExactly("keyed", "many", "many", "many", "many", "many");
    }

    @ParameterizedTest
    @CsvSource({"true, INSERT", "true, COMMIT", "false, INSERT", "false, COMMIT"})
    void batchInFlightIsAppliedOnceAndAsAWhole(boolean prepared, String at) throws Exception {
        AtomicBoolean cut = once(
                sent -> at.equals("COMMIT") ? commits(sent) : executes(sent, "INSERT INTO alone"), Action.LOSE_ANSWER);
        int[] counts;
        if (prepared) {
            try (PreparedStatement batch = connection.prepareStatement("INSERT INTO alone (v) VALUES (?)")) {
                for (int i = 0; i < 600; i++) {
                    batch.setString(1, "batch");
                    batch.addBatch();
                }
                counts = batch.executeBatch();
            }
        } else {
            try (Statement batch = connection.createStatement()) {
                for (int i = 0; i < 600; i++) {
                    batch.addBatch(insert("batch"));
                }
                counts = batch.executeBatch();
            }
        }

        assertThat(cut).isTrue();
        assertThat(counts).hasSize(600).containsOnly(1);
        assertThat(rows()).hasSize(600);
        assertThat(text(admin, "SELECT count(DISTINCT xmin::text) FROM alone")).isEqualTo("1");
    }

    @Test
    void errorOfAWriteIsPostgresOwnAndTheConnectionGoesOn() throws Exception {
        asAdmin("ALTER TABLE alone ADD UNIQUE (v)");
        asAdmin("ALTER TABLE alone ADD FOREIGN KEY (parent) REFERENCES alone (v) DEFERRABLE INITIALLY DEFERRED");
        run(insert("a"));

        assertThat(stateOf(insert("a"))).isEqualTo("23505");
        assertThat(stateOf("INSERT INTO alone (v, parent) VALUES ('orphan', 'nobody')"))
                .as("refused at COMMIT")
                .isEqualTo("23503");
        assertThat(connection.getAutoCommit()).isTrue();
        run(insert("b"));

        assertThat(rows()).containsExactly("a", "b");
        await("no transaction is left open")
                .atMost(PATIENCE)
                .until(() -> text(
                                admin,
                                "SELECT count(*) FROM pg_stat_activity"
                                        + " WHERE application_name = 'alone' AND state LIKE 'idle in%'")
                        .equals("0"));
    }

    /** In autocommit mode PgJDBC prepares it anew by itself, and inside a transaction it cannot. */
    @Test
    void columnsThatChangedMeanwhileAreNoError() throws Exception {
        try (PreparedStatement writes = connection.prepareStatement("INSERT INTO alone (v) VALUES (?) RETURNING *")) {
            for (int i = 0; i < 8; i++) {
                if (i == 6) {
                    asAdmin("ALTER TABLE alone ADD more int");
                }
                writes.setString(1, "row");
                try (ResultSet row = writes.executeQuery()) {
                    assertThat(row.next()).isTrue();
                }
            }
        }
        assertThat(rows()).hasSize(8);
    }

    /** The wait is made up for, and then it is an acknowledgement; with a transaction of the driver's own it is not cut. */
    @ParameterizedTest
    @CsvSource({"off, false", "off, true", "on, false", "on, true"})
    void queryTimeoutOrCancelInTheSyncWaitNeitherLosesNorRepeatsAWrite(String replay, boolean cancels)
            throws Exception {
        connect("&autocommitReplay=" + replay);
        run(insert("before"));
        LostStandby.take(admin, this::superuser, PATIENCE);
        try (Statement write = connection.createStatement()) {
            // Longer than the INSERT takes, which is before the wait.
            write.setQueryTimeout(cancels ? 0 : 3);
            CompletableFuture<Integer> written = CompletableFuture.supplyAsync(() -> {
                try {
                    return write.executeUpdate(insert("a"));
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            String waiting =
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND backend_type = 'client backend'";
            await().atMost(PATIENCE).until(() -> text(admin, waiting).equals("1"));
            if (cancels) {
                write.cancel();
            }
            await().atMost(PATIENCE)
                    .until(() -> text(
                                    admin,
                                    waiting
                                            + (replay.equals("off")
                                                    ? " AND query LIKE '%pg_logical_emit_message%'"
                                                    : " AND clock_timestamp() - query_start > interval '4 s'"))
                            .equals("1"));
            assertThat(written).isNotDone();
            asAdmin("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");

            assertThat(written.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(1);
        }
        assertThat(rows()).containsExactly("a", "before");
    }

    /** As the same statements of PgJDBC are, message for message; reads with a transaction for writes too. */
    @Test
    void noStatementCostsAMessageWhereItIsOff() throws Exception {
        String[] statements = {
            insert("a"),
            "SELECT v FROM alone",
            "UPDATE alone SET v = 'b'",
            "SELECT alone_writes('c')",
            "DELETE FROM alone"
        };
        String[] reads = {"SELECT v FROM alone", "SELECT count(*) FROM alone WHERE v IN ('a', 'b')", "SHOW TimeZone"};
        connect("");
        String all = typesOf(connection, statements);
        connect("&replay=off");
        String without = typesOf(connection, statements);
        connect(ON);
        String read = typesOf(connection, reads);
        try (Connection plain = DriverManager.getConnection(
                "jdbc:postgresql://" + proxy.address() + "/" + cluster.database(),
                cluster.user(),
                cluster.password())) {
            run(plain, "SELECT 1");
            assertThat(all).isEqualTo(typesOf(plain, statements));
            assertThat(without).isEqualTo(all);
            assertThat(read).isEqualTo(typesOf(plain, reads));
        }
        run(insert("warm"));
        assertThat(typesOf(connection, insert("d")).chars().filter(type -> type == 'S'))
                .as("with a transaction: a Sync behind BEGIN and the statement, and one behind token and COMMIT")
                .hasSize(2);
    }

    private String typesOf(Connection on, String... sql) throws SQLException {
        int backend = Integer.parseInt(text(on, "SELECT pg_backend_pid()"));
        proxy.forget();
        for (String one : sql) {
            run(on, one);
        }
        return proxy.types(backend);
    }

    private int update(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }

    private String stateOf(String sql) {
        return catchThrowableOfType(SQLException.class, () -> run(sql)).getSQLState();
    }
}
