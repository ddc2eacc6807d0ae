package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.scripted.LostStandby;
import io.github.pgbaton.scripted.WireProxy.Action;
import io.github.pgbaton.scripted.WireProxy.Sent;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** Transactions whose sessions are cut at one exact message, before and during a replay; on a real PostgreSQL. */
@Timeout(180)
class ReplayWireIT extends WireBench {
    private static final int STORM = 24;
    private static final int CONNECT_LIMIT = 4;

    @ParameterizedTest
    @CsvSource({
        "a, LOSE", "a, HALVE", "a, LOSE_ANSWER",
        "b, LOSE", "b, HALVE", "b, LOSE_ANSWER",
        "c, LOSE", "c, HALVE", "c, LOSE_ANSWER"
    })
    void replayThatIsCutAtAnyOfItsStepsBeginsAnew(String step, Action action) throws Exception {
        for (String value : List.of("a", "b", "c")) {
            run(insert(value));
        }
        AtomicBoolean broken = new AtomicBoolean();
        AtomicBoolean cut = new AtomicBoolean();
        proxy.script(sent -> {
            if (executes(sent, insert("d")) && !broken.getAndSet(true)) {
                return Action.LOSE;
            }
            return broken.get() && executes(sent, insert(step)) && !cut.getAndSet(true) ? action : Action.FORWARD;
        });
        run(insert("d"));
        connection.commit();

        assertThat(cut).isTrue();
        assertThat(rows()).containsExactly("a", "b", "c", "d");
    }

    @ParameterizedTest
    @EnumSource(names = {"LOSE", "HALVE", "LOSE_ANSWER", "HOLD"})
    void commitAfterAReplayThatIsCutIsResolved(Action action) throws Exception {
        if (action == Action.HOLD) {
            // Who waits for a COMMIT that comes later must have an end of its own.
            connect("&socketTimeout=2");
        }
        assertResolvedWhenCut(OnWire::commits, action);
    }

    @ParameterizedTest
    @EnumSource(names = {"LOSE", "HALVE", "LOSE_ANSWER"})
    void commitAfterAReplayThatIsCutIsResolvedWithoutPreparedStatementsToo(Action action) throws Exception {
        connect("&prepareThreshold=0");

        assertResolvedWhenCut(OnWire::commits, action);
    }

    /** Token and COMMIT are two messages, each with an answer of its own; either may be the last that arrives. */
    @ParameterizedTest
    @CsvSource({
        "INSERT INTO pgbaton.tx(token), LOSE",
        "INSERT INTO pgbaton.tx(token), HALVE",
        "INSERT INTO pgbaton.tx(token), LOSE_ANSWER",
        "COMMIT, LOSE",
        "COMMIT, HALVE",
        "COMMIT, LOSE_ANSWER"
    })
    void commitAfterAReplayThatIsCutIsResolvedWithSimpleQueriesToo(String message, Action action) throws Exception {
        connect("&preferQueryMode=simple");

        assertResolvedWhenCut(sent -> sent.type() == 'Q' && sent.sql().trim().startsWith(message), action);
    }

    private void assertResolvedWhenCut(Predicate<Sent> at, Action action) throws Exception {
        run(insert("a"));
        run(insert("b"));
        AtomicBoolean broken = new AtomicBoolean();
        AtomicBoolean cut = new AtomicBoolean();
        proxy.script(sent -> {
            if (executes(sent, insert("c")) && !broken.getAndSet(true)) {
                return Action.LOSE;
            }
            return broken.get() && at.test(sent) && !cut.getAndSet(true) ? action : Action.FORWARD;
        });
        run(insert("c"));
        connection.commit();
        proxy.release();
        await().atMost(PATIENCE)
                .until(() -> text(
                                admin,
                                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wired'"
                                        + " AND state <> 'idle'")
                        .equals("0"));

        assertThat(cut).isTrue();
        assertThat(rows()).containsExactly("a", "b", "c");
    }

    /** After a failover everybody opens sessions at once, and a handshake is the longest part of a replay. */
    @Test
    void sessionThatShowedThatACommitNeverHappensServesTheReplay() throws Exception {
        connect("&connectionInitSql=SET lock_timeout TO 12345");
        run(insert("a"));
        AtomicBoolean cut = once(ReplayWireIT::commits, Action.LOSE);
        connection.commit();

        int backend = Integer.parseInt(text("SELECT pg_backend_pid()"));
        assertThat(cut).isTrue();
        assertThat(rows()).containsExactly("a");
        assertThat(proxy.sent(backend)).anyMatch(sent -> sent.sql().contains("INSERT INTO pgbaton.tx(token, kind)"));
        assertThat(proxy.sent(backend))
                .filteredOn(sent -> executes(sent, insert("a")))
                .hasSize(1);
        assertThat(text("SHOW lock_timeout")).as("connectionInitSql ran on it").isEqualTo("12345ms");
    }

    /** As Hibernate draws its keys. */
    @ParameterizedTest
    @EnumSource(names = {"LOSE", "HALVE"})
    void valueOfASequenceIsKeptWhenTheCommitIsCut(Action action) throws Exception {
        asAdmin("DROP SEQUENCE IF EXISTS wired_seq", "CREATE SEQUENCE wired_seq", "GRANT ALL ON wired_seq TO PUBLIC");
        try (Connection other = source.getConnection()) {
            other.setAutoCommit(false);
            run(other, insert("first"));
            other.commit();
            String id = text(connection, "select nextval('wired_seq')");
            run(insert(id));
            run(other, insert("second"));
            other.commit();
            once(ReplayWireIT::commits, action);
            connection.commit();

            assertThat(rows()).containsExactly(id, "first", "second");
            assertThat(text(admin, "SELECT last_value FROM wired_seq")).isEqualTo(id);
        }
    }

    /** Its unique key and its lock are the old backend's, which goes on as if nothing had happened. */
    @Test
    void oldBackendThatDoesNotKnowIsEndedBeforeTheReplay() throws Exception {
        run("INSERT INTO wired_once VALUES ('once')");
        assertThat(text(connection, "SELECT pg_try_advisory_xact_lock(7251)")).isEqualTo("t");
        strandAfter(insert("a"));
        run(insert("a"));
        connection.commit();

        assertThat(rows()).containsExactly("a");
        assertThat(text(admin, "SELECT count(*) FROM wired_once")).isEqualTo("1");
        // What purges the ledger may have one of its own for a moment.
        await().atMost(PATIENCE)
                .until(() -> text(admin, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wired'")
                        .equals("1"));
    }

    @Test
    void oldBackendThatDoesNotKnowIsEndedBeforeTheFirstStatementIsRunAgain() throws Exception {
        strandAfter("INSERT INTO wired_once VALUES ('first')");
        run("INSERT INTO wired_once VALUES ('first')");
        connection.commit();

        assertThat(text(admin, "SELECT count(*) FROM wired_once")).isEqualTo("1");
    }

    /** Its session is new since the call before it. */
    @Test
    void commitOfATransactionWhoseFirstStatementWasRunAgainIsResolvedToo() throws Exception {
        AtomicBoolean broken = new AtomicBoolean();
        AtomicBoolean cut = new AtomicBoolean();
        proxy.script(sent -> {
            if (executes(sent, insert("a")) && !broken.getAndSet(true)) {
                return Action.LOSE;
            }
            boolean commit = commits(sent) || executes(sent, "COMMIT");
            return commit && !cut.getAndSet(true) ? Action.LOSE_ANSWER : Action.FORWARD;
        });
        run(insert("a"));
        connection.commit();

        assertThat(cut).isTrue();
        assertThat(rows()).containsExactly("a");
    }

    /** Without a transaction id there is no token, and nothing tells whether it went out. */
    @ParameterizedTest
    @EnumSource(names = {"LOSE", "HALVE", "LOSE_ANSWER"})
    void notificationAloneIsDeliveredAtLeastOnce(Action action) throws Exception {
        asAdmin("LISTEN wired");
        run("NOTIFY wired, 'news'");
        once(ReplayWireIT::commits, action);
        connection.commit();

        PGConnection listener = admin.unwrap(PGConnection.class);
        assertThat(listener.getNotifications((int) PATIENCE.toMillis()))
                .isNotEmpty()
                .allSatisfy(news -> assertThat(news.getParameter()).isEqualTo("news"));
    }

    @Test
    void notificationThatIsReplayedIsDelivered() throws Exception {
        asAdmin("LISTEN wired");
        run("NOTIFY wired, 'news'");
        AtomicBoolean broken = once(sent -> executes(sent, insert("a")), Action.LOSE);
        run(insert("a"));
        connection.commit();

        assertThat(broken).isTrue();
        PGConnection listener = admin.unwrap(PGConnection.class);
        assertThat(listener.getNotifications((int) PATIENCE.toMillis()))
                .isNotEmpty()
                .allSatisfy(news -> assertThat(news.getParameter()).isEqualTo("news"));
        assertThat(rows()).containsExactly("a");
    }

    @Test
    void switchingToAutocommitOfAFailedTransactionIsRefused() throws Exception {
        run(insert("a"));
        assertThat(catchThrowableOfType(SQLException.class, () -> run("SELECT 1/0"))
                        .getSQLState())
                .isEqualTo("22012");

        SQLException refused = catchThrowableOfType(SQLException.class, () -> connection.setAutoCommit(true));

        assertThat(refused.getSQLState()).isEqualTo("25P02");
        assertThat(refused.getMessage()).contains("nothing of it was committed");
        assertThat(connection.getAutoCommit()).isFalse();
        run(insert("b"));
        connection.setAutoCommit(true);
        assertThat(rows()).containsExactly("b");
    }

    @Test
    void transactionWhoseFirstStatementEndsItsSessionsIsLostUntilItIsRolledBack() throws Exception {
        proxy.script(sent -> executes(sent, insert("a")) ? Action.LOSE : Action.FORWARD);

        SQLException ended = catchThrowableOfType(SQLException.class, () -> run(insert("a")));
        assertThat(ended.getSQLState()).isEqualTo("08006");
        assertThat(ended.getMessage()).contains("11 times in a row");
        assertThat(catchThrowableOfType(SQLException.class, () -> run(insert("b")))
                        .getSQLState())
                .isEqualTo("40001");
        connection.rollback();
        run(insert("c"));
        connection.commit();
        assertThat(rows()).containsExactly("c");
    }

    @Test
    void transactionWhoseSessionsBreakAgainAndAgainIsLost() throws Exception {
        run(insert("a"));
        AtomicInteger cut = new AtomicInteger();
        proxy.script(sent -> {
            if (executes(sent, insert("b"))) {
                cut.incrementAndGet();
                return Action.LOSE;
            }
            return Action.FORWARD;
        });

        SQLException lost = catchThrowableOfType(SQLException.class, () -> run(insert("b")));

        assertThat(lost.getSQLState()).isEqualTo("40001");
        assertThat(lost.getMessage())
                .contains("its session broke 10 times")
                .contains("roll back and run the whole transaction again");
        // The first time, and after each of ten replays.
        assertThat(cut).hasValue(11);
        connection.rollback();
        run(insert("c"));
        connection.commit();
        assertThat(rows()).containsExactly("c");
    }

    @ParameterizedTest
    @ValueSource(strings = {"COMMIT AND CHAIN", "INSERT INTO wired VALUES ('b'); COMMIT"})
    void commitInSqlTextThatIsCutIsUnknown(String sql) throws Exception {
        run(insert("a"));
        once(sent -> executes(sent, "COMMIT"), Action.LOSE_ANSWER);

        SQLException unknown = catchThrowableOfType(SQLException.class, () -> run(sql));

        assertThat(unknown.getSQLState()).isEqualTo("08007");
        connection.rollback();
        assertThat(rows()).startsWith("a");
    }

    /** Whether it is prepared nobody knows, and a second half of it must not run by itself. */
    @ParameterizedTest
    @EnumSource(names = {"LOSE", "LOSE_ANSWER"})
    void twoPhaseCommitThatIsCutIsUnknownAndNotReplayed(Action action) throws Exception {
        run(insert("a"));
        once(sent -> executes(sent, "PREPARE TRANSACTION"), action);

        assertThat(catchThrowableOfType(SQLException.class, () -> run("PREPARE TRANSACTION 'wired'"))
                        .getSQLState())
                .isEqualTo("08007");
        assertThat(catchThrowableOfType(SQLException.class, () -> run(insert("b")))
                        .getSQLState())
                .isEqualTo("08007");
        connection.rollback();
        run(insert("c"));
        connection.commit();
        assertThat(rows()).containsExactly("c");
    }

    @ParameterizedTest
    @EnumSource(names = {"LOSE", "HALVE", "LOSE_ANSWER"})
    void commitBySwitchingToAutocommitThatIsCutIsResolved(Action action) throws Exception {
        run(insert("a"));
        once(ReplayWireIT::commits, action);

        connection.setAutoCommit(true);

        assertThat(connection.getAutoCommit()).isTrue();
        assertThat(rows()).containsExactly("a");
    }

    @Test
    void transactionChainedToACommitIsNotReplayed() throws Exception {
        run(insert("a"));
        run("COMMIT AND CHAIN");
        run(insert("b"));
        once(sent -> executes(sent, insert("c")), Action.LOSE);

        SQLException lost = catchThrowableOfType(SQLException.class, () -> run(insert("c")));

        assertThat(lost.getSQLState()).isEqualTo("40001");
        assertThat(lost.getMessage()).contains("COMMIT or ROLLBACK in SQL text");
        connection.rollback();
        assertThat(rows()).containsExactly("a");
    }

    @Test
    void closingAConnectionRollsBackWhatIsOpen() throws Exception {
        run(insert("a"));
        connection.close();

        await().atMost(PATIENCE)
                .until(() -> text(admin, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wired'")
                        .equals("0"));
        assertThat(rows()).isEmpty();
    }

    /** Patroni starts it again; the COMMIT is in the WAL, whatever became of its answer. */
    @ParameterizedTest
    @ValueSource(strings = {"INT", "QUIT"})
    void commitThatWaitsForItsStandbyWhilePostgresStopsIsResolved(String signal) throws Exception {
        run(insert("a"));
        LostStandby.take(admin, this::superuser, PATIENCE);
        CompletableFuture<Boolean> committed = CompletableFuture.supplyAsync(() -> {
            try {
                connection.commit();
                return true;
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
        await().atMost(PATIENCE)
                .until(() -> text(admin, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
                        .equals("1"));
        String postmaster = text(admin, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)");
        new ProcessBuilder("kill", "-" + signal, postmaster).start().waitFor();
        await().atMost(PATIENCE).ignoreExceptions().until(() -> {
            admin = superuser();
            return !text(admin, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")
                    .equals(postmaster);
        });
        asAdmin("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");

        assertThat(committed.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(rows()).containsExactly("a");
    }

    /** All at once, on one primary, and all of them after the same row. */
    @Test
    void replaysOfManyTransactionsAreSpread() throws Exception {
        connect("&connectLimit=" + CONNECT_LIMIT);
        List<Connection> all = new ArrayList<>();
        for (int i = 0; i < STORM; i++) {
            Connection one = source.getConnection();
            one.setAutoCommit(false);
            run(one, insert("storm " + i));
            all.add(one);
        }
        asAdmin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wired'");
        ExecutorService application = Executors.newFixedThreadPool(STORM);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (Connection one : all) {
                running.add(application.submit(() -> {
                    run(one, "UPDATE wired_sum SET n = n + 1");
                    one.commit();
                    return null;
                }));
            }
            for (Future<?> one : running) {
                one.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            }
        } finally {
            application.shutdownNow();
        }

        assertThat(rows()).hasSize(STORM).doesNotHaveDuplicates();
        assertThat(text(admin, "SELECT n FROM wired_sum")).isEqualTo(String.valueOf(STORM));
        assertThat(proxy.mostOpening())
                .as("with the one that looks for the primary")
                .isLessThanOrEqualTo(CONNECT_LIMIT + 1);
        for (Connection one : all) {
            one.close();
        }
    }
}
