package io.github.pgbaton.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.sql.Array;
import java.sql.CallableStatement;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.sql.SQLXML;
import java.sql.Timestamp;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Calendar;
import java.util.List;
import java.util.Set;
import java.util.TimeZone;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.util.PGTimestamp;
import org.postgresql.util.PGobject;

/** What was bound to a statement, after its session moved. */
class BatonPreparedStatementTest {
    private static final SQLException BROKEN = new SQLException("broken", "08006");

    private final ScriptedSession session = new ScriptedSession();
    private final BatonConnection connection = new BatonConnection(session);
    private PreparedStatement statement;
    private FakeJdbc first;

    @BeforeEach
    void prepare() throws SQLException {
        statement = connection.prepareStatement("INSERT INTO t VALUES (?, ?)");
        first = session.physical().child(0);
    }

    private FakeJdbc second() {
        return session.physical().child(0);
    }

    private static InputStream stream() {
        return new ByteArrayInputStream(new byte[] {1});
    }

    static Stream<Method> repeatableSetters() throws Exception {
        var rules = ForwardingContractTest.rules(PreparedStatement.class);
        return Samples.methods(PreparedStatement.class).stream()
                .filter(method -> method.getName().startsWith("set") && method.getParameterCount() > 1)
                .filter(method -> !"RECORD STREAM".equals(rules.get(Samples.signature(method))))
                // Bound again as what PgJDBC sends of them, which takes a real connection.
                .filter(method -> !Set.of(Array.class, SQLXML.class).contains(method.getParameterTypes()[1]));
    }

    @ParameterizedTest
    @MethodSource("repeatableSetters")
    void everySetterThatIsRepeatableIsRepeatedWithTheSameArguments(Method setter) throws Exception {
        Object[] arguments = Samples.arguments(setter);
        setter.invoke(statement, arguments);
        session.moveOnNextAttach();

        statement.executeUpdate();

        FakeJdbc.Call repeated = second().calls().get(0);
        assertThat(repeated.method()).isEqualTo(setter);
        assertThat(repeated.arguments()).isEqualTo(arguments);
        assertThat(second().texts()).last().isEqualTo("executeUpdate()");
    }

    static Stream<Method> setters() {
        return Samples.methods(PreparedStatement.class).stream()
                .filter(method -> method.getName().startsWith("set") && method.getParameterCount() > 1)
                .filter(method -> !method.getParameterTypes()[1].isPrimitive());
    }

    @ParameterizedTest
    @MethodSource("setters")
    void everySetterTakesNull(Method setter) throws Exception {
        Object[] arguments = Samples.arguments(setter);
        arguments[1] = null;

        setter.invoke(statement, arguments);

        assertThat(first.calls().get(0).arguments()).isEqualTo(arguments);
    }

    static Stream<Method> streamSetters() throws Exception {
        var rules = ForwardingContractTest.rules(PreparedStatement.class);
        return Samples.methods(PreparedStatement.class).stream()
                .filter(method -> "RECORD STREAM".equals(rules.get(Samples.signature(method))));
    }

    @ParameterizedTest
    @MethodSource("streamSetters")
    void whatIsReadOnceIsNeverBoundTwice(Method setter) throws Exception {
        setter.invoke(statement, Samples.arguments(setter));
        session.moveOnNextAttach();

        assertThatThrownBy(() -> statement.executeUpdate())
                .isInstanceOfSatisfying(
                        SQLTransactionRollbackException.class,
                        e -> assertThat(e.getSQLState()).isEqualTo("40001"))
                .hasMessageContaining("parameter 1");
        assertThat(second().texts()).isEmpty();
    }

    @Test
    void runsOnceTheStreamIsBoundAgain() throws SQLException {
        statement.setInt(2, 7);
        statement.setBinaryStream(1, stream());
        session.moveOnNextAttach();
        assertThatThrownBy(() -> statement.executeUpdate()).isInstanceOf(SQLTransactionRollbackException.class);

        InputStream fresh = stream();
        statement.setBinaryStream(1, fresh);
        statement.executeUpdate();

        assertThat(second().texts())
                .containsExactly("setInt(2, 7)", "setBinaryStream(1, " + fresh + ")", "executeUpdate()");
    }

    @Test
    void aFreshStreamMeetsTheNewSession() throws SQLException {
        statement.setBinaryStream(1, stream());
        statement.executeUpdate();
        session.moveOnNextAttach();

        InputStream fresh = stream();
        statement.setBinaryStream(1, fresh);
        statement.executeUpdate();

        assertThat(second().texts()).containsExactly("setBinaryStream(1, " + fresh + ")", "executeUpdate()");
    }

    @Test
    void aStreamGivenAsAnObjectIsReadOnceToo() throws SQLException {
        statement.setObject(1, stream());
        session.moveOnNextAttach();

        assertThatThrownBy(() -> statement.executeUpdate()).isInstanceOf(SQLTransactionRollbackException.class);
    }

    @Test
    void aStreamThatWasSentIsNotSentAgainOnTheSameSession() throws SQLException {
        statement.setBinaryStream(1, stream());
        first.next("executeUpdate", BROKEN);
        session.recoverHere();

        assertThatThrownBy(() -> statement.executeUpdate()).isInstanceOf(SQLTransactionRollbackException.class);
        assertThat(first.texts()).filteredOn("executeUpdate()"::equals).hasSize(1);
    }

    @Test
    void aStreamWhoseBindingFailedIsNotReadAgain() {
        first.next("setBlob", BROKEN);
        session.recoverOnNewSession();

        assertThatThrownBy(() -> statement.setBlob(1, stream()))
                .isInstanceOf(SQLTransactionRollbackException.class)
                .hasCause(BROKEN);
    }

    @Test
    void norIsOneGivenAsAnObject() {
        first.next("setObject", BROKEN);
        session.recoverOnNewSession();

        assertThatThrownBy(() -> statement.setObject(1, stream(), Types.BLOB))
                .isInstanceOf(SQLTransactionRollbackException.class);
    }

    @Test
    void clearedParametersAreNotBoundAgain() throws SQLException {
        statement.setInt(1, 1);
        statement.setBinaryStream(2, stream());
        statement.clearParameters();
        session.moveOnNextAttach();

        statement.executeUpdate();

        assertThat(second().texts()).containsExactly("executeUpdate()");
    }

    @Test
    void aDateChangedAfterItWasBoundIsBoundAsItWas() throws SQLException {
        Timestamp timestamp = new Timestamp(1_000);
        timestamp.setNanos(123_456_789);
        Timestamp bound = (Timestamp) timestamp.clone();
        statement.setTimestamp(1, timestamp);
        timestamp.setTime(0);
        session.moveOnNextAttach();

        statement.executeUpdate();

        assertThat(second().calls().get(0).arguments()).containsExactly(1, bound);
    }

    /** As the vectors and geometries of other libraries do: its clone shares the numbers. */
    private static final class Numbers extends PGobject {
        private static final long serialVersionUID = 1L;

        private final int[] numbers;

        Numbers(int... numbers) {
            type = "int4[]";
            this.numbers = numbers;
        }

        @Override
        public String getValue() {
            return Arrays.toString(numbers);
        }
    }

    @Test
    void anObjectWhoseInsidesChangeAfterItWasBoundIsBoundAsItWas() throws SQLException {
        int[] buffer = {1, 2};
        statement.setObject(1, new Numbers(buffer));
        statement.setObject(2, new Numbers(buffer), Types.OTHER);
        buffer[0] = 9;
        session.moveOnNextAttach();

        statement.executeUpdate();

        for (int call = 0; call < 2; call++) {
            PGobject again = (PGobject) second().calls().get(call).arguments()[1];
            assertThat(again.getType()).isEqualTo("int4[]");
            assertThat(again.getValue()).isEqualTo("[1, 2]");
            assertThat(again).hasToString("[1, 2]");
        }
    }

    /** A date of somebody's own, which tells what something else says. */
    private static final class Moving extends Timestamp {
        private static final long serialVersionUID = 1L;

        private final long[] time;

        Moving(long[] time) {
            super(0);
            this.time = time;
        }

        @Override
        public long getTime() {
            return time[0];
        }
    }

    @Test
    void aDateOfAnUnknownClassIsBoundAsItWas() throws SQLException {
        long[] time = {1_000};
        statement.setTimestamp(1, new Moving(time));
        time[0] = 2_000;
        session.moveOnNextAttach();

        statement.executeUpdate();

        assertThat(second().calls().get(0).arguments()).containsExactly(1, new Timestamp(1_000));
    }

    @Test
    void aCalendarThatChangesAfterItWasBoundCountsAsItWas() throws SQLException {
        Calendar calendar = Calendar.getInstance(TimeZone.getTimeZone("UTC"));
        Timestamp timestamp = new Timestamp(1_000);
        statement.setTimestamp(1, timestamp, calendar);
        statement.addBatch();
        calendar.setTimeZone(TimeZone.getTimeZone("Asia/Tokyo"));
        statement.setTimestamp(1, timestamp, calendar);
        statement.addBatch();
        PGTimestamp ours = new PGTimestamp(1_000, calendar);
        statement.setTimestamp(1, ours);
        calendar.setTimeZone(TimeZone.getTimeZone("America/Lima"));
        session.moveOnNextAttach();

        statement.executeBatch();

        assertThat(second().calls().stream()
                        .filter(call -> call.method().getName().equals("setTimestamp"))
                        .map(call -> call.arguments().length == 3
                                ? (Calendar) call.arguments()[2]
                                : ((PGTimestamp) call.arguments()[1]).getCalendar())
                        .map(zone -> zone.getTimeZone().getID()))
                .containsExactly("UTC", "Asia/Tokyo", "Asia/Tokyo");
    }

    @Test
    void xmlOfAnUnknownClassIsReadOnce() throws SQLException {
        statement.setSQLXML(1, new FakeJdbc(SQLXML.class, "xml").as(SQLXML.class));
        session.moveOnNextAttach();

        assertThatThrownBy(() -> statement.executeUpdate()).isInstanceOf(SQLTransactionRollbackException.class);
    }

    @Test
    void batchRowsAreAddedAgainAndTheRowBoundAfterThemStays() throws SQLException {
        statement.setInt(1, 1);
        statement.setString(2, "a");
        statement.addBatch();
        statement.setInt(1, 2);
        statement.addBatch();
        statement.setInt(1, 3);
        session.moveOnNextAttach();

        statement.executeBatch();

        assertThat(second().texts())
                .containsExactly(
                        "setInt(1, 1)",
                        "setString(2, a)",
                        "addBatch()",
                        "setInt(1, 2)",
                        "setString(2, a)",
                        "addBatch()",
                        "clearParameters()",
                        "setInt(1, 3)",
                        "setString(2, a)",
                        "executeBatch()");
    }

    @Test
    void manyRowsAndManyParametersAreAllKept() throws SQLException {
        List<String> expected = new ArrayList<>();
        for (int row = 0; row < 50; row++) {
            for (int parameter = 1; parameter <= 20; parameter++) {
                statement.setLong(parameter, row * 100L + parameter);
                expected.add("setLong(" + parameter + ", " + (row * 100L + parameter) + ")");
            }
            statement.addBatch();
            expected.add("addBatch()");
        }
        session.moveOnNextAttach();

        statement.executeBatch();

        assertThat(second().texts()).startsWith(expected.toArray(new String[0]));
    }

    @Test
    void aBatchWithAStreamInItRefusesToRunAndIsGone() throws SQLException {
        statement.setBinaryStream(1, stream());
        statement.addBatch();
        statement.setBytes(1, new byte[0]);
        session.moveOnNextAttach();

        assertThatThrownBy(() -> statement.executeBatch()).isInstanceOf(SQLTransactionRollbackException.class);
        statement.executeBatch();

        assertThat(second().texts())
                .filteredOn(text -> text.startsWith("addBatch"))
                .isEmpty();
    }

    @Test
    void aRowWithALostStreamDoesNotSlipIntoABatch() throws SQLException {
        statement.setBinaryStream(1, stream());
        session.moveOnNextAttach();
        assertThatThrownBy(() -> statement.executeUpdate()).isInstanceOf(SQLTransactionRollbackException.class);
        statement.addBatch();

        assertThatThrownBy(() -> statement.executeBatch()).isInstanceOf(SQLTransactionRollbackException.class);
    }

    @Test
    void clearBatchForgetsTheRows() throws SQLException {
        statement.setInt(1, 1);
        statement.addBatch();
        statement.clearBatch();
        session.moveOnNextAttach();

        statement.executeBatch();

        assertThat(second().texts()).containsExactly("setInt(1, 1)", "executeBatch()");
    }

    @Test
    void settingsOfTheStatementAreKeptToo() throws SQLException {
        statement.setFetchSize(9);
        statement.setInt(1, 1);
        session.moveOnNextAttach();

        statement.executeQuery();

        assertThat(second().texts()).containsExactly("setFetchSize(9)", "setInt(1, 1)", "executeQuery()");
    }

    @Test
    void isPreparedAgainAsItWasAskedFor() throws SQLException {
        String[] columns = {"id"};
        List<PreparedStatement> prepared = List.of(
                connection.prepareStatement("a", 1),
                connection.prepareStatement("b", new int[] {3}),
                connection.prepareStatement("c", columns),
                connection.prepareStatement("d", 1003, 1007),
                connection.prepareStatement("e", 1003, 1007, 2));
        columns[0] = "changed";
        session.moveOnNextAttach();

        for (PreparedStatement each : prepared) {
            each.execute();
        }

        assertThat(session.physical().texts())
                .containsExactly(
                        "prepareStatement(a, 1)",
                        "prepareStatement(b, [3])",
                        "prepareStatement(c, [id])",
                        "prepareStatement(d, 1003, 1007)",
                        "prepareStatement(e, 1003, 1007, 2)");
    }

    @Test
    void tellsRecoverItsText() {
        first.next("executeUpdate", BROKEN);

        assertThatThrownBy(() -> statement.executeUpdate()).isSameAs(BROKEN);
        assertThat(session.asked())
                .containsExactly(new ScriptedSession.Asked(BROKEN, CallKind.EXECUTE, "INSERT INTO t VALUES (?, ?)"));
    }

    @Test
    void aSetterThatAsksTheServerRunsAgainOnANewSession() throws SQLException {
        statement.setInt(2, 5);
        first.next("setObject", BROKEN);
        session.recoverOnNewSession();

        statement.setObject(1, "x");

        assertThat(second().texts()).containsExactly("setInt(2, 5)", "setObject(1, x)");
    }

    @Test
    void aSetterTheDelegateRefusedIsNotKept() throws SQLException {
        first.next("setInt", new SQLException("no such parameter", "22023"));
        assertThatThrownBy(() -> statement.setInt(9, 1)).isInstanceOf(SQLException.class);
        session.moveOnNextAttach();

        statement.executeUpdate();

        assertThat(second().texts()).containsExactly("executeUpdate()");
    }

    @Test
    void recordsStepsInATransaction() throws SQLException {
        session.setAutoCommit(false);

        statement.executeUpdate();
        statement.executeQuery();
        statement.addBatch();
        statement.executeBatch();

        assertThat(session.steps()).isEqualTo(3);
    }

    @Test
    void aCallHasItsOutParametersRegisteredAgain() throws SQLException {
        CallableStatement call = connection.prepareCall("{? = call f(?)}");
        call.registerOutParameter(1, Types.INTEGER);
        call.registerOutParameter(2, Types.NUMERIC, 3);
        call.registerOutParameter(3, Types.OTHER, "mood");
        call.registerOutParameter(1, Types.BIGINT);
        call.setInt(2, 4);
        session.moveOnNextAttach();

        call.execute();

        assertThat(second().texts())
                .containsExactly(
                        "registerOutParameter(1, " + Types.BIGINT + ")",
                        "registerOutParameter(2, " + Types.NUMERIC + ", 3)",
                        "registerOutParameter(3, " + Types.OTHER + ", mood)",
                        "setInt(2, 4)",
                        "execute()");
    }
}
