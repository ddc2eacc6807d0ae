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
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
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
            "isValid",
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
    private final RoutedConnection connection =
            new RoutedConnection(readOnly -> fake(readOnly ? "replica" : "primary"), false, true);

    /** Takes everything, and notes it down. */
    private Connection fake(String name) {
        InvocationHandler handler = (proxy, method, args) -> {
            SQLException refused = refusal;
            if (method.getName().equals("setReadOnly") && refused != null) {
                throw refused;
            }
            calls.add(name + "." + method.getName());
            arguments.add(args);
            if (method.getName().equals("getAutoCommit")) {
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
                            readOnly -> {
                                throw new SQLException("nothing is to be chosen");
                            },
                            false,
                            false),
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
                        "replica.setSchema",
                        "replica.getAutoCommit",
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
    void unwrapsToItselfAndToWhatWasChosen() throws Exception {
        assertThat(connection.unwrap(RoutedConnection.class)).isSameAs(connection);
        assertThat(connection.isWrapperFor(RoutedConnection.class)).isTrue();
        connection.unwrap(AutoCloseable.class);
        connection.unwrap(CharSequence.class);
        assertThat(calls).endsWith("primary.unwrap");
    }
}
