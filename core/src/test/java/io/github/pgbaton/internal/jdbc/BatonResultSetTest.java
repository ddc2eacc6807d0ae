package io.github.pgbaton.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rows, and the session that sent them. */
class BatonResultSetTest {
    private static final SQLException BROKEN = new SQLException("broken", "08006");

    private final ScriptedSession session = new ScriptedSession();
    private final BatonConnection connection = new BatonConnection(session);
    private Statement statement;
    private ResultSet rows;
    private FakeJdbc raw;

    @BeforeEach
    void query() throws SQLException {
        statement = connection.createStatement();
        rows = statement.executeQuery("SELECT 1");
        raw = session.physical().child(0).child(0);
    }

    @Test
    void readsRowsThatHaveArrivedAfterTheSessionMoved() throws SQLException {
        session.move();
        raw.next("next", true).next("getInt", 42);

        assertThat(rows.next()).isTrue();
        assertThat(rows.getInt(1)).isEqualTo(42);
    }

    @Test
    void attachesNoSession() throws SQLException {
        int attached = session.attached();

        rows.next();
        rows.getString(1);
        rows.getObject(1);

        assertThat(session.attached()).isEqualTo(attached);
    }

    @Test
    void aFailedFetchIsTheSessionsToJudge() {
        raw.next("next", BROKEN);

        assertThatThrownBy(() -> rows.next()).isSameAs(BROKEN);
        assertThat(session.asked()).containsExactly(new ScriptedSession.Asked(BROKEN, CallKind.FETCH, null));
    }

    @Test
    void aFetchFromASessionThatIsGoneDoesNotBlameTheSessionOfNow() {
        session.move();
        raw.next("next", BROKEN);

        assertThatThrownBy(() -> rows.next())
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("34000"))
                .hasCause(BROKEN);
        assertThat(session.asked()).singleElement().satisfies(asked -> {
            assertThat(asked.kind()).isEqualTo(CallKind.FETCH);
            assertThat(asked.failure().getSQLState()).isEqualTo("34000");
        });
    }

    @Test
    void aMistakeOfTheApplicationIsThrownAsItIs() {
        session.move();
        SQLException mistake = new SQLException("not scrollable", "55000");
        raw.next("absolute", mistake);

        assertThatThrownBy(() -> rows.absolute(1)).isSameAs(mistake);
    }

    @Test
    void itsStatementIsOurs() throws SQLException {
        assertThat(rows.getStatement()).isSameAs(statement);
    }

    @Test
    void closedItHasNoStatement() {
        SQLException closed = new SQLException("closed", "55000");
        raw.next("getStatement", closed);

        assertThatThrownBy(() -> rows.getStatement()).isSameAs(closed);
    }

    @Test
    void theRowsOfARefcursorAreOurs() throws SQLException {
        ResultSet cursor = new FakeJdbc(ResultSet.class, "cursor").as(ResultSet.class);
        raw.next("getObject", cursor).next("getObject", cursor).next("getObject", cursor);

        assertThat(rows.getObject(1)).isInstanceOf(BatonResultSet.class);
        assertThat(rows.getObject("c", ResultSet.class).getStatement()).isSameAs(statement);
        assertThat(rows.getObject("c")).isInstanceOf(BatonResultSet.class);
    }

    @Test
    void unwrapsToItselfAndToTheDelegatesTypes() throws SQLException {
        assertThat(rows.unwrap(ResultSet.class)).isSameAs(rows);
        assertThat(rows.isWrapperFor(ResultSet.class)).isTrue();
        raw.next("unwrap", new SQLException("Cannot unwrap"));
        assertThatThrownBy(() -> rows.unwrap(Runnable.class)).isInstanceOf(SQLException.class);
    }
}
