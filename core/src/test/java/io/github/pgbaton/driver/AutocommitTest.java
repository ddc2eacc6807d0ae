package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a statement in autocommit mode when its session breaks at a chosen moment. */
@Timeout(60)
class AutocommitTest extends PairOnScripts {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String INSERT = "INSERT INTO t VALUES (1)";
    private static final String QUERY = "SELECT a FROM t";
    private static final String ON = "autocommitReplay=on";

    private String verdict = "";

    AutocommitTest() {
        super("autocommit");
    }

    @BeforeEach
    void answer() {
        first.ledger().answers(this::rowOf);
        second.ledger().answers(this::rowOf);
    }

    private String @Nullable [] rowOf(String sql) {
        return isQuestion(sql) ? new String[] {verdict} : null;
    }

    /** What a query that was cut off calls. */
    private static boolean isQuestion(String sql) {
        return sql.startsWith("WITH RECURSIVE named");
    }

    private Connection connect(String... more) throws SQLException {
        return scripts.following("failoverTimeout=20s", String.join("&", more)).getConnection();
    }

    /** The first member does that in place of an answer, once, and the second one is elected. */
    private void failOverAt(Function<String, Boolean> at, Reaction reaction) {
        first.script(sql -> {
            if (!at.apply(sql)) {
                return Reaction.SUCCEED;
            }
            source.elect("node2");
            return reaction;
        });
    }

    private static SQLException failure(Connection connection, String sql) {
        return catchThrowableOfType(SQLException.class, () -> run(connection, sql));
    }

    private static List<String> sent(ScriptedPostgres to) {
        return to.statements().stream()
                .filter(sql -> !sql.contains("pg_stat_get_activity"))
                .toList();
    }

    @ParameterizedTest
    @EnumSource(names = {"HANG_UP", "SHUT_DOWN"})
    void writeInFlightIsRunOnTheNewPrimary(Reaction reaction) throws Exception {
        failOverAt(INSERT::equals, reaction);
        try (Connection connection = connect(ON)) {
            run(connection, INSERT);

            assertThat(connection.getAutoCommit()).isTrue();
            run(connection, QUERY);
        }
        assertThat(sent(first)).doesNotContain("COMMIT").containsOnlyOnce(INSERT);
        assertThat(sent(second))
                .startsWith("BEGIN", INSERT)
                .containsOnlyOnce(INSERT)
                .endsWith(QUERY);
        assertThat(sent(second)).filteredOn(sql -> sql.strip().equals("COMMIT")).hasSize(1);
    }

    @Test
    void writeWhoseCommitIsCutOffIsRunAgainBehindATombstone() throws Exception {
        failOverAt(sql -> sql.strip().equals("COMMIT"), Reaction.HANG_UP);
        try (Connection connection = connect(ON)) {
            run(connection, INSERT);
        }
        assertThat(sent(second)).containsOnlyOnce(INSERT);
        assertThat(sent(second))
                .filteredOn(sql -> sql.contains("pgbaton.tx") || sql.equals(INSERT))
                .as("the tombstone, the statement, its token")
                .hasSize(3)
                .element(1)
                .isEqualTo(INSERT);
    }

    @Test
    void writeInFlightIsUnknownByDefault() throws Exception {
        failOverAt(INSERT::equals, Reaction.HANG_UP);
        try (Connection connection = connect()) {
            assertThat(failure(connection, INSERT).getSQLState()).isEqualTo("40003");
            run(connection, QUERY);
        }
        assertThat(sent(second)).containsExactly(QUERY);
    }

    /** The server is at it still, and rolls back once it finds that nobody is there. */
    @Test
    void writeWhoseSocketReadTimesOutIsCertainlyNotCommittedAndNotRunBesideItself() throws Exception {
        first.script(sql -> sql.equals(INSERT) ? Reaction.HANG : Reaction.SUCCEED);
        try (Connection connection = connect(ON, "socketTimeout=1")) {
            assertThat(failure(connection, INSERT).getSQLState()).isEqualTo("40001");
            assertThat(connection.getAutoCommit()).isTrue();
            run(connection, QUERY);
        }
        assertThat(sent(first))
                .containsOnlyOnce(INSERT)
                .doesNotContain("COMMIT")
                .contains(QUERY);
    }

    @Test
    void errorOfAWriteIsPassedOnAndLeavesNoTransaction() throws Exception {
        first.script(sql -> sql.equals(INSERT) ? Reaction.FAIL : Reaction.SUCCEED);
        try (Connection connection = connect(ON)) {
            assertThat(failure(connection, INSERT).getSQLState()).isEqualTo("23505");
            run(connection, QUERY);
        }
        assertThat(sent(first)).containsExactly("BEGIN", INSERT, "ROLLBACK", QUERY);
    }

    @Test
    void writeThatAlwaysEndsItsSessionGivesUp() throws Exception {
        failOverAt(INSERT::equals, Reaction.HANG_UP);
        // Neither is a primary of the past.
        second.timeline(1);
        second.script(sql -> {
            if (!sql.equals(INSERT)) {
                return Reaction.SUCCEED;
            }
            source.elect("node1");
            return Reaction.HANG_UP;
        });
        try (Connection connection = connect(ON)) {
            assertThat(failure(connection, INSERT).getSQLState()).isEqualTo("08006");
        }
        assertThat(sent(first)).filteredOn(INSERT::equals).hasSize(6);
        assertThat(sent(second)).filteredOn(INSERT::equals).hasSize(5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"replay=verified", ON})
    void queryInFlightIsRunOnTheNewPrimaryOnceItIsShownToChangeNothing(String setting) throws Exception {
        failOverAt(QUERY::equals, Reaction.HANG_UP);
        try (Connection connection = connect(setting)) {
            run(connection, QUERY);
        }
        assertThat(sent(first)).containsExactly(QUERY);
        assertThat(sent(second))
                .hasSize(2)
                .satisfies(sql -> assertThat(isQuestion(sql.get(0))).isTrue());
        assertThat(sent(second)).endsWith(QUERY);
    }

    @Test
    void queryThatMayWriteIsUnknownAndNotRunAgain() throws Exception {
        verdict = "it calls f(), which is volatile";
        failOverAt(QUERY::equals, Reaction.HANG_UP);
        try (Connection connection = connect()) {
            SQLException unknown = failure(connection, QUERY);

            assertThat(unknown.getSQLState()).isEqualTo("40003");
            assertThat(unknown.getMessage()).contains("because it calls f(), which is volatile");
            run(connection, INSERT);
        }
        assertThat(sent(second)).doesNotContain(QUERY).endsWith(INSERT);
    }

    @Test
    void queryInFlightIsUnknownWithoutReplay() throws Exception {
        failOverAt(QUERY::equals, Reaction.HANG_UP);
        try (Connection connection = connect("replay=off")) {
            assertThat(failure(connection, QUERY).getSQLState()).isEqualTo("40003");
        }
        assertThat(sent(second)).isEmpty();
    }

    /** The next call tells what is lost with the session, and a query run again would hide it. */
    @Test
    void queryOfASessionThatHeldSomethingIsUnknown() throws Exception {
        failOverAt(QUERY::equals, Reaction.HANG_UP);
        try (Connection connection = connect()) {
            run(connection, "CREATE TEMP TABLE t (a int)");
            assertThat(failure(connection, QUERY).getSQLState()).isEqualTo("40003");
            assertThat(failure(connection, QUERY).getSQLState()).isEqualTo("08S02");
        }
    }

    @Test
    void queryThatAlwaysEndsItsSessionGivesUp() throws Exception {
        first.script(sql -> sql.equals(QUERY) ? Reaction.HANG_UP : Reaction.SUCCEED);
        try (Connection connection = connect()) {
            assertThat(failure(connection, QUERY).getSQLState()).isEqualTo("40003");
        }
        assertThat(sent(first)).filteredOn(QUERY::equals).hasSize(11);
    }

    @Test
    void serverThatBreaksWhileItIsAskedIsAskedAgain() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        first.script(sql -> sql.equals(QUERY) && asked.get() == 0 || isQuestion(sql) && asked.incrementAndGet() == 1
                ? Reaction.HANG_UP
                : Reaction.SUCCEED);
        try (Connection connection = connect()) {
            run(connection, QUERY);
        }
        assertThat(asked).hasValue(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"interrupt", "cancel"})
    void waitForAPrimaryEndsWhereTheCallIsInterruptedOrCancelled(String how) throws Exception {
        for (String sql : List.of(INSERT, QUERY)) {
            source.elect("node1");
            first.script(any -> {
                if (any.equals(sql)) {
                    source.loseLeader();
                    return Reaction.HANG_UP;
                }
                return Reaction.SUCCEED;
            });
            try (Connection connection = connect(ON);
                    Statement statement = connection.createStatement()) {
                CompletableFuture<SQLException> told = new CompletableFuture<>();
                Thread caller = new Thread(
                        () -> told.complete(catchThrowableOfType(SQLException.class, () -> statement.execute(sql))));
                caller.start();
                await().atMost(PATIENCE).until(() -> first.openSessions() == 0);
                await().atMost(PATIENCE).until(() -> {
                    if (how.equals("interrupt")) {
                        caller.interrupt();
                    } else {
                        statement.cancel();
                    }
                    return told.isDone();
                });

                // Of the query nobody was there to tell that it changed nothing; the write was not committed.
                String ofTheWrite = how.equals("interrupt") ? "08001" : "57014";
                assertThat(told.get().getSQLState()).isEqualTo(sql.equals(QUERY) ? "40003" : ofTheWrite);
            }
        }
        assertThat(sent(first)).doesNotContain("COMMIT");
        assertThat(sent(second)).isEmpty();
    }

    @Test
    void nothingIsSentBesidesTheStatementsWhereItIsOff() throws Exception {
        try (Connection connection = connect()) {
            run(connection, INSERT);
            run(connection, QUERY);
        }
        assertThat(first.allStatements()).endsWith(INSERT, QUERY);
        assertThat(sent(first)).containsExactly(INSERT, QUERY);
    }
}
