package io.github.pgbaton.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.util.Map;
import java.util.Properties;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** A connection on a session that moves. */
class BatonConnectionTest {
    private static final SQLException BROKEN = new SQLException("broken", "08006");

    private final ScriptedSession session = new ScriptedSession();
    private final BatonConnection connection = new BatonConnection(session);

    private FakeJdbc restored() throws SQLException {
        FakeJdbc fresh = new FakeJdbc(Connection.class, "fresh");
        session.attributes().restore(fresh.as(Connection.class));
        return fresh;
    }

    @Test
    void attributesTheDelegateTookAreGivenToTheNextSession() throws SQLException {
        connection.setReadOnly(true);
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        connection.setHoldability(ResultSet.HOLD_CURSORS_OVER_COMMIT);
        connection.setSchema("app");
        connection.setNetworkTimeout(Runnable::run, 700);
        connection.setTypeMap(Map.of());
        connection.setClientInfo("ApplicationName", "shop");

        assertThat(restored().texts())
                .filteredOn(text -> !text.startsWith("setNetworkTimeout"))
                .containsExactlyInAnyOrder("setReadOnly(true)", "setHoldability(1)", "setTypeMap({})");
        assertThat(session.state().restoring())
                .containsExactly(
                        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                        "SET SESSION search_path TO 'app'",
                        "SET SESSION application_name TO 'shop'");
        assertThat(restored().texts()).anyMatch(text -> text.startsWith("setNetworkTimeout(") && text.endsWith("700)"));
    }

    @Test
    void anAttributeTheDelegateRefusedIsNotKept() throws SQLException {
        session.physical().next("setReadOnly", new SQLException("in a transaction", "25001"));

        assertThatThrownBy(() -> connection.setReadOnly(true)).isInstanceOf(SQLException.class);

        assertThat(restored().texts()).isEmpty();
    }

    @Test
    void anAttributeIsSetAgainOnTheNewSessionWhenRecoverSaysSo() throws SQLException {
        session.physical().next("setTransactionIsolation", BROKEN);
        session.recoverOnNewSession();

        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);

        assertThat(session.physical().texts()).containsExactly("setTransactionIsolation(8)");
        assertThat(session.asked()).containsExactly(new ScriptedSession.Asked(BROKEN, CallKind.CATALOG, null));
    }

    @Test
    void whatPgJdbcKeepsLocallyIsAnsweredFromTheAttributes() throws SQLException {
        connection.setReadOnly(true);
        connection.setHoldability(1);
        connection.setNetworkTimeout(Runnable::run, 700);
        session.move();
        int attached = session.attached();

        assertThat(connection.isReadOnly()).isTrue();
        assertThat(connection.getHoldability()).isEqualTo(1);
        assertThat(connection.getNetworkTimeout()).isEqualTo(700);
        assertThat(session.attached()).isEqualTo(attached);
    }

    @Test
    void aNetworkTimeoutForADeadSessionIsKeptForTheNextAndWaitsForNothing() throws SQLException {
        session.physical().next("setNetworkTimeout", new SQLException("closed", "08003"));

        connection.setNetworkTimeout(Runnable::run, 700);

        assertThat(session.attached()).isZero();
        assertThat(connection.getNetworkTimeout()).isEqualTo(700);
    }

    @Test
    void aNetworkTimeoutBelowZeroIsRefused() {
        session.physical().next("setNetworkTimeout", new SQLException("negative", "22023"));

        assertThatThrownBy(() -> connection.setNetworkTimeout(Runnable::run, -1))
                .isInstanceOf(SQLException.class);
    }

    @Test
    void clientInfoOfABrokenSessionTellsRecoverSoWhateverPgJdbcSaid() {
        session.physical()
                .next("setClientInfo", new SQLClientInfoException("failed", Map.of()))
                .next("isClosed", true);

        assertThatThrownBy(() -> connection.setClientInfo("ApplicationName", "shop"))
                .isInstanceOfSatisfying(SQLClientInfoException.class, e -> {
                    assertThat(e.getSQLState()).isEqualTo("08006");
                    assertThat(e.getFailedProperties()).containsKey("ApplicationName");
                });
        assertThat(session.asked())
                .singleElement()
                .satisfies(asked -> assertThat(asked.failure().getSQLState()).isEqualTo("08006"));
    }

    @Test
    void clientInfoIsSetAgainOnTheNewSessionWhenRecoverSaysSo() throws SQLException {
        session.physical().next("setClientInfo", new SQLClientInfoException("failed", Map.of()));
        session.recoverOnNewSession();

        connection.setClientInfo("ApplicationName", "shop");

        assertThat(session.physical().texts()).containsExactly("setClientInfo(ApplicationName, shop)");
    }

    @Test
    void clientInfoAsPropertiesResetsWhatTheyDoNotName() throws SQLException {
        connection.setClientInfo("ApplicationName", "shop");

        connection.setClientInfo(new Properties());

        assertThat(session.state().restoring()).containsExactly("SET SESSION application_name TO DEFAULT");
    }

    @Test
    void isValidAsksTheSessionOfNowAndReplacesNothing() throws SQLException {
        session.physical().next("isValid", true).next("isValid", false);

        assertThat(connection.isValid(5)).isTrue();
        assertThat(connection.isValid(5)).isFalse();
        assertThat(session.attached()).isZero();
        connection.close();
        assertThat(connection.isValid(5)).isFalse();
    }

    @Test
    void unwrapHandsOutTheConnectionOfNow() throws SQLException {
        Connection raw = session.current();
        session.physical().next("unwrap", raw);

        assertThat(connection.unwrap(java.sql.Wrapper.class)).isSameAs(connection);
        assertThat(connection.unwrap(raw.getClass())).isSameAs(raw);
        assertThat(connection.isWrapperFor(raw.getClass())).isTrue();
        assertThat(connection.isWrapperFor(BatonConnection.class)).isTrue();
        assertThat(connection.isWrapperFor(Runnable.class)).isFalse();
    }

    @Test
    void unwrapToAnUnknownTypeIsRefused() {
        session.physical().next("unwrap", new SQLException("Cannot unwrap to java.lang.Runnable"));

        assertThatThrownBy(() -> connection.unwrap(Runnable.class)).isInstanceOf(SQLException.class);
    }

    @Test
    void closesTwiceAsOnce() throws SQLException {
        connection.close();
        connection.close();

        assertThat(session.calls()).filteredOn("close()"::equals).hasSize(1);
    }

    @Test
    void closedItAnswersAsPgJdbcDoes() throws SQLException {
        connection.getMetaData();
        connection.setReadOnly(true);
        connection.close();

        assertIs08003(() -> connection.createStatement());
        assertIs08003(() -> connection.prepareStatement("SELECT 1"));
        assertIs08003(() -> connection.getMetaData());
        assertIs08003(() -> connection.isReadOnly());
        assertIs08003(() -> connection.getSchema());
        assertIs08003(() -> connection.setNetworkTimeout(Runnable::run, 1));
    }

    private static void assertIs08003(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08003"));
    }

    @Test
    void metadataIsTheNewSessionsAfterAMove() throws SQLException {
        DatabaseMetaData metaData = connection.getMetaData();
        assertThat(connection.getMetaData()).isSameAs(metaData);
        session.moveOnNextAttach();

        ResultSet tables = metaData.getTables(null, null, "%", null);

        FakeJdbc anew = session.physical().child(0);
        assertThat(anew.texts()).containsExactly("getTables(null, null, %, null)");
        assertThat(tables).isInstanceOf(BatonResultSet.class);
        assertThat(tables.getStatement().getConnection()).isSameAs(connection);
        assertThat(metaData.getConnection()).isSameAs(connection);
    }

    @Test
    void metadataAsksAgainWhenRecoverSaysSo() throws SQLException {
        DatabaseMetaData metaData = connection.getMetaData();
        session.physical().child(0).next("getCatalogs", BROKEN);
        session.recoverOnNewSession();

        metaData.getCatalogs();

        assertThat(session.physical().child(0).texts()).containsExactly("getCatalogs()");
    }

    @Test
    void aStatementIsMadeOnTheNewSessionWhenRecoverSaysSo() throws SQLException {
        session.physical().next("prepareStatement", BROKEN);
        session.recoverOnNewSession();

        connection.prepareStatement("SELECT 1").execute();

        assertThat(session.physical().child(0).texts()).containsExactly("execute()");
    }
}
