package io.github.pgbaton.hikari;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Array;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RoutedConnectionTest {
    /** Answered without the chosen connection, or not by it alone; the other tests say how. */
    private static final Set<String> OWN =
            Set.of("setReadOnly", "isReadOnly", "getAutoCommit", "close", "isWrapperFor", "unwrap");

    /** Need no server: they choose nothing. */
    private static final Set<String> CHOOSE_NOTHING = Set.of(
            "setAutoCommit",
            "commit",
            "rollback",
            "abort",
            "isClosed",
            "getWarnings",
            "clearWarnings",
            "beginRequest",
            "endRequest",
            "setCatalog",
            "setTransactionIsolation",
            "setTypeMap",
            "setHoldability",
            "setSchema",
            "setNetworkTimeout",
            "setClientInfo");

    private final List<String> calls = new ArrayList<>();
    private final List<Object[]> arguments = new ArrayList<>();
    private @Nullable SQLException refusal;
    private boolean autoCommit = true;
    private final RoutedConnection connection = routed(true, false);

    private RoutedConnection routed(boolean poolsAutoCommit, boolean serializable) {
        return new RoutedConnection(
                replica -> fake(replica ? "replica" : "primary"),
                new RoutedConnection.Modes(false, poolsAutoCommit, serializable));
    }

    /** Takes everything, and notes it down. */
    private Connection fake(String name) {
        InvocationHandler handler = (proxy, method, args) -> {
            SQLException refused = refusal;
            if (Set.of("setReadOnly", "setClientInfo").contains(method.getName()) && refused != null) {
                throw refused;
            }
            calls.add(name + "." + method.getName());
            arguments.add(args);
            if (method.getName().equals("getAutoCommit")) {
                return autoCommit;
            }
            if (method.getName().equals("isValid")) {
                return true;
            }
            Class<?> type = method.getReturnType();
            return type.isPrimitive() && type != void.class ? Array.get(Array.newInstance(type, 1), 0) : null;
        };
        return (Connection)
                Proxy.newProxyInstance(Connection.class.getClassLoader(), new Class<?>[] {Connection.class}, handler);
    }

    static Stream<Method> methods() {
        return Arrays.stream(Connection.class.getMethods()).filter(method -> !Modifier.isStatic(method.getModifiers()));
    }

    private static @Nullable Object sample(Class<?> type) {
        if (type.isPrimitive()) {
            return Array.get(Array.newInstance(type, 1), 0);
        }
        if (type.isArray()) {
            return Array.newInstance(type.getComponentType(), 1);
        }
        if (type == String.class) {
            return "text";
        }
        if (type == Properties.class) {
            return new Properties();
        }
        if (type == Class.class) {
            return Connection.class;
        }
        return type == Map.class
                ? Map.of()
                : type == Executor.class
                        ? (Executor) Runnable::run
                        : type.isInterface()
                                ? Proxy.newProxyInstance(
                                        type.getClassLoader(),
                                        new Class<?>[] {type},
                                        (self, method, args) -> method.getName().equals("equals")
                                                ? Boolean.valueOf(self == args[0])
                                                : null)
                                : null;
    }

    @ParameterizedTest
    @MethodSource("methods")
    void everyMethodIsTheChosenConnections(Method method) throws Exception {
        assertThat(RoutedConnection.class
                        .getMethod(method.getName(), method.getParameterTypes())
                        .getDeclaringClass())
                .as("a default method of the interface would not reach the pool's connection")
                .isIn(RoutedConnection.class, ChosenConnection.class);
        boolean choosesNothing = CHOOSE_NOTHING.contains(method.getName())
                && method.getParameterCount() < 3
                && !(method.getName().equals("rollback") && method.getParameterCount() == 1);
        Object[] given = Arrays.stream(method.getParameterTypes())
                .map(RoutedConnectionTest::sample)
                .toArray();
        if (OWN.contains(method.getName())) {
            return;
        }
        if (choosesNothing) {
            connection.setAutoCommit(false);
            method.invoke(
                    new RoutedConnection(
                            replica -> {
                                throw new SQLException("nothing is to be chosen");
                            },
                            new RoutedConnection.Modes(false, false, false)),
                    given);
        }
        connection.nativeSQL("choose");
        calls.clear();
        arguments.clear();

        method.invoke(connection, given);

        assertThat(calls).containsExactly("primary." + method.getName());
        Object[] got = arguments.get(0) == null ? new Object[0] : arguments.get(0);
        assertThat(got).containsExactly(given);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void closedItServesNobody(Method method) throws Exception {
        if (Set.of("close", "abort", "isClosed", "isValid", "beginRequest", "endRequest", "isWrapperFor", "unwrap")
                .contains(method.getName())) {
            return;
        }
        connection.close();
        Object[] given = Arrays.stream(method.getParameterTypes())
                .map(RoutedConnectionTest::sample)
                .toArray();
        assertThatThrownBy(() -> method.invoke(connection, given))
                .isInstanceOf(InvocationTargetException.class)
                .cause()
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08003"));
        assertThat(calls).isEmpty();
    }

    @Test
    void choosesAtTheFirstUseWhicheverWayRoundItWasSet() throws Exception {
        connection.setAutoCommit(false);
        connection.setReadOnly(true);
        connection.setSchema("s");
        connection.commit();
        connection.rollback();
        assertThat(calls).isEmpty();

        connection.createStatement();

        assertThat(calls)
                .containsExactly(
                        "replica.setReadOnly",
                        "replica.getAutoCommit",
                        "replica.setSchema",
                        "replica.setAutoCommit",
                        "replica.createStatement");
    }

    @Test
    void withoutReadOnlyItIsThePrimary() throws Exception {
        connection.setReadOnly(true);
        connection.setReadOnly(false);
        connection.createStatement();
        assertThat(calls).containsExactly("primary.getAutoCommit", "primary.createStatement");
    }

    @Test
    void choosesAnewBetweenTransactionsWithTheSameSettings() throws Exception {
        connection.setAutoCommit(false);
        connection.setSchema("s");
        connection.createStatement();
        connection.commit();
        connection.setReadOnly(true);
        connection.createStatement();
        assertThat(calls)
                .containsSubsequence(
                        "primary.createStatement",
                        "primary.commit",
                        "primary.setReadOnly",
                        "primary.close",
                        "replica.setReadOnly",
                        "replica.setSchema",
                        "replica.setAutoCommit",
                        "replica.createStatement");
    }

    @Test
    void cannotChooseAnewInTheMiddleOfATransaction() throws Exception {
        connection.setReadOnly(true);
        connection.createStatement();
        refusal = new SQLException("Cannot change transaction read-only property in the middle", "25001");
        assertThatThrownBy(() -> connection.setReadOnly(false))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25001"))
                .hasMessageContainingAll("setReadOnly(false)", "replicas", "between two transactions");
        assertThat(connection.isReadOnly()).isTrue();
        refusal = null;
        connection.createStatement();
        assertThat(calls).endsWith("replica.createStatement").doesNotContain("replica.close");
    }

    @Test
    void commitInAutocommitModeIsAnErrorEvenBeforeTheChoice() {
        assertThatThrownBy(connection::commit).hasMessageContaining("autocommit");
        assertThat(calls).isEmpty();
    }

    @Test
    void closeGivesBackWhatWasChosenOnce() throws Exception {
        connection.createStatement();
        connection.close();
        connection.close();
        assertThat(calls).containsOnlyOnce("primary.close");
        assertThat(connection.isClosed()).isTrue();
        assertThat(connection.isValid(1)).isFalse();
        assertThatCode(() -> connection.abort(Runnable::run)).doesNotThrowAnyException();
    }

    @Test
    void abortedConnectionIsGivenBackOnceByClose() throws Exception {
        connection.createStatement();
        connection.abort(Runnable::run);
        assertThat(connection.isClosed()).isTrue();
        assertThat(calls).endsWith("primary.abort");
        connection.close();
        connection.close();
        assertThat(calls).containsOnlyOnce("primary.close");
    }

    @Test
    void connectionThatRefusesASettingIsGivenBack() {
        refusal = new SQLException("no");
        assertThatThrownBy(() -> {
                    connection.setReadOnly(true);
                    connection.createStatement();
                })
                .isSameAs(refusal);
        assertThat(calls).containsExactly("replica.close");
    }

    @Test
    void settingsAreOfNoTransactionWhereThePoolsHaveNoAutocommit() throws Exception {
        autoCommit = false;
        RoutedConnection hibernates = routed(false, false);
        hibernates.setSchema("s");
        hibernates.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        hibernates.createStatement();

        assertThat(calls)
                .containsExactly(
                        "primary.getAutoCommit",
                        "primary.setAutoCommit",
                        "primary.setSchema",
                        "primary.setTransactionIsolation",
                        "primary.setAutoCommit",
                        "primary.createStatement");
        assertThat(arguments.get(1)).containsExactly(true);
        assertThat(arguments.get(4)).containsExactly(false);
    }

    @Test
    void withoutSettingsThePoolsModeIsLeftAlone() throws Exception {
        autoCommit = false;
        routed(false, false).createStatement();
        assertThat(calls).containsExactly("primary.getAutoCommit", "primary.createStatement");
    }

    @Test
    void serializableReadsAreThePrimarys() throws Exception {
        connection.setReadOnly(true);
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        connection.createStatement();
        connection.setReadOnly(false);
        connection.setReadOnly(true);
        connection.createStatement();
        assertThat(calls)
                .as("the same connection all along")
                .startsWith("primary.setReadOnly", "primary.getAutoCommit", "primary.setTransactionIsolation")
                .containsSubsequence("primary.createStatement", "primary.setReadOnly", "primary.createStatement")
                .doesNotContain("primary.close");

        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        connection.createStatement();
        assertThat(calls).contains("primary.close").endsWith("replica.createStatement");

        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        connection.createStatement();
        assertThat(calls).contains("replica.close").endsWith("primary.createStatement");
    }

    @Test
    void whereReplicasPoolIsSerializableOnlyAnotherLevelMakesItAReplicas() throws Exception {
        RoutedConnection serializable = routed(true, true);
        serializable.setReadOnly(true);
        serializable.createStatement();
        assertThat(calls).endsWith("primary.createStatement");
        serializable.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        serializable.createStatement();
        assertThat(calls).endsWith("replica.createStatement");
    }

    @Test
    void healthCheckThatAsksNothingElseHearsOfTheDatabase() throws Exception {
        assertThat(connection.isValid(1)).isTrue();
        assertThat(calls).endsWith("primary.isValid");

        SQLException none = new SQLException("no primary", "08001");
        RoutedConnection without = new RoutedConnection(
                replica -> {
                    throw none;
                },
                new RoutedConnection.Modes(false, true, false));
        assertThat(without.isValid(1)).isFalse();
    }

    @Test
    void settingsAreAsTheyWereWhenTheyWereSet() throws Exception {
        Properties info = new Properties();
        info.setProperty("ApplicationName", "before");
        Map<String, Class<?>> types = new HashMap<>(Map.of("a", String.class));
        connection.setClientInfo("ApplicationName", "first");
        connection.setClientInfo(info);
        connection.setTypeMap(types);
        info.setProperty("ApplicationName", "after");
        types.clear();

        connection.createStatement();

        assertThat(calls)
                .as("the later one is instead of the earlier one")
                .startsWith("primary.getAutoCommit", "primary.setClientInfo", "primary.setTypeMap");
        assertThat((Properties) arguments.get(1)[0]).containsEntry("ApplicationName", "before");
        assertThat((Map<?, ?>) arguments.get(2)[0]).hasSize(1);
    }

    @Test
    void refusedClientInfoLeavesTheEarlierOne() throws Exception {
        connection.setClientInfo("ApplicationName", "first");
        connection.createStatement();
        refusal = new SQLClientInfoException("no", Map.of());
        assertThatThrownBy(() -> connection.setClientInfo(new Properties())).isSameAs(refusal);
        refusal = null;
        connection.setReadOnly(true);
        calls.clear();
        connection.createStatement();
        assertThat(calls).contains("replica.setClientInfo");
    }

    @Test
    void unwrapsToItselfAndToWhatWasChosen() throws Exception {
        assertThat(connection.unwrap(RoutedConnection.class)).isSameAs(connection);
        assertThat(connection.isWrapperFor(RoutedConnection.class)).isTrue();
        connection.unwrap(AutoCloseable.class);
        connection.unwrap(CharSequence.class);
        assertThat(calls).endsWith("primary.unwrap");
    }
}
