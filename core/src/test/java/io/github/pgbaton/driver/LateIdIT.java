package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.pgbaton.replay.ReplayableConnection;
import io.github.pgbaton.scripted.WireProxy.Action;
import io.github.pgbaton.scripted.WireProxy.Sent;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/**
 * What PostgreSQL does on its own account within a COMMIT whose answer is lost: it is not done twice, be it that the
 * transaction had no id before.
 */
@Timeout(180)
class LateIdIT extends WireBench {
    private static final String DECLARE = "DECLARE held CURSOR WITH HOLD FOR SELECT wired_writes()";

    private void declareFunctions() throws SQLException {
        asAdmin(
                "CREATE OR REPLACE FUNCTION wired_writes() RETURNS int LANGUAGE sql AS"
                        + " $$ INSERT INTO wired VALUES ('a') RETURNING 1 $$",
                "CREATE OR REPLACE FUNCTION wired_declares() RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE '"
                        + DECLARE + "'; RETURN 1; END $$");
    }

    /** Where its outcome is kept: with its token, with the first question for its id, or with the COMMIT that asks nothing. */
    private static boolean ends(Sent sent) {
        return sent.type() == 'E'
                && (sent.sql().trim().startsWith("COMMIT") || sent.sql().contains("pgbaton.tx("));
    }

    private AtomicBoolean loseTheAnswer() {
        return once(LateIdIT::ends, Action.LOSE_ANSWER);
    }

    static Stream<Arguments> heldCursors() {
        List<Arguments> all = new ArrayList<>();
        for (String outcome : List.of("ledger", "xid", "none")) {
            for (String sql : List.of(DECLARE, "SELECT wired_declares()")) {
                for (boolean readBefore : List.of(false, true)) {
                    all.add(Arguments.of(outcome, sql, readBefore));
                }
            }
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("heldCursors")
    void queryOfAHeldCursorThatWritesWithinTheCommitIsRunOnce(String outcome, String sql, boolean readBefore)
            throws Exception {
        declareFunctions();
        connect("&commitOutcome=" + outcome);
        if (readBefore) {
            run("SELECT 1");
            connection.commit();
        }
        run(sql);
        AtomicBoolean lost = loseTheAnswer();

        assertCommittedOrUnknown(outcome);

        assertThat(lost).isTrue();
        assertThat(rows()).containsExactly("a");
    }

    /** An id came with the deferred work: each of these has one before its COMMIT. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            ledger | INSERT INTO wired_once VALUES ('x')
            ledger | SELECT v FROM wired_once FOR UPDATE
            ledger | SELECT lo_create(0)
            ledger | SELECT pg_logical_emit_message(true, 'wired', '')
            ledger | CREATE TEMP TABLE wired_temp (v text) ON COMMIT DROP
            xid    | INSERT INTO wired_once VALUES ('x')
            xid    | SELECT v FROM wired_once FOR UPDATE
            xid    | SELECT lo_create(0)
            xid    | SELECT pg_logical_emit_message(true, 'wired', '')
            xid    | CREATE TEMP TABLE wired_temp (v text) ON COMMIT DROP
            """)
    void whateverElseWorksWithinTheCommitHasItsIdBefore(String outcome, String sql) throws Exception {
        asAdmin("INSERT INTO wired_once VALUES ('locked')");
        connect("&commitOutcome=" + outcome);
        run(sql);

        assertThat(text("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")).isEqualTo("t");
    }

    /** What a deferred trigger writes is the transaction's, which a row that was written has given an id. */
    @ParameterizedTest
    @ValueSource(strings = {"ledger", "xid"})
    void deferredTriggerThatWritesWithinTheCommitIsRunOnce(String outcome) throws Exception {
        asAdmin(
                "CREATE OR REPLACE FUNCTION wired_later() RETURNS trigger LANGUAGE plpgsql AS"
                        + " $$ BEGIN INSERT INTO wired VALUES ('later'); RETURN NULL; END $$",
                "CREATE CONSTRAINT TRIGGER wired_later AFTER INSERT ON wired_once DEFERRABLE INITIALLY DEFERRED"
                        + " FOR EACH ROW EXECUTE FUNCTION wired_later()");
        connect("&commitOutcome=" + outcome);
        run("INSERT INTO wired_once VALUES ('once')");
        AtomicBoolean lost = loseTheAnswer();

        assertCommittedOrUnknown(outcome);

        assertThat(lost).isTrue();
        assertThat(rows()).containsExactly("later");
    }

    /** It has no id before; what its end does to a table of its session's goes with the session. */
    @ParameterizedTest
    @ValueSource(strings = {"ledger", "xid"})
    void temporaryTableThatTheCommitEmptiesIsNoChangeThatLasts(String outcome) throws Exception {
        connect("&commitOutcome=" + outcome);
        run("CREATE TEMP TABLE wired_temp (v text) ON COMMIT DELETE ROWS");
        connection.commit();
        text("SELECT count(*) FROM wired_temp");
        assertThat(text("SELECT pg_current_xact_id_if_assigned() IS NULL")).isEqualTo("t");
        AtomicBoolean lost = loseTheAnswer();

        SQLException told = catchThrowableOfType(SQLException.class, connection::commit);

        assertThat(lost).isTrue();
        assertThat(told.getSQLState()).isEqualTo("40001");
        assertThat(told.getMessage())
                .contains("the session held temporary table wired_temp")
                .doesNotContain("not sent");
    }

    /** It gets its id within the COMMIT, and leaves nothing by which to tell whether that took effect. */
    @ParameterizedTest
    @ValueSource(strings = {"ledger", "xid"})
    void notificationOfATransactionThatIsNotReplayedIsNotDenied(String outcome) throws Exception {
        asAdmin("LISTEN wired");
        connect("&commitOutcome=" + outcome);
        connection.unwrap(ReplayableConnection.class).disableReplay();
        run("NOTIFY wired, 'news'");
        AtomicBoolean lost = loseTheAnswer();

        SQLException told = catchThrowableOfType(SQLException.class, connection::commit);

        assertThat(lost).isTrue();
        assertThat(told.getSQLState()).isEqualTo("40001");
        assertThat(told.getMessage())
                .contains("NOTIFY")
                .contains("may have been delivered")
                .contains("un the whole transaction again")
                .doesNotContain("not sent");
        assertThat(admin.unwrap(PGConnection.class).getNotifications((int) PATIENCE.toMillis()))
                .hasSize(1);
    }

    private void assertCommittedOrUnknown(String outcome) {
        Throwable unknown = catchThrowable(connection::commit);
        if (unknown instanceof SQLException told) {
            assertThat(told.getSQLState()).as(told.getMessage()).isEqualTo("08007");
            assertThat(outcome).as(told.getMessage()).isNotEqualTo("ledger");
        }
    }
}
