package io.github.pgbaton.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Calls every method of every wrapped interface and looks where it arrives. */
class ForwardingContractTest {
    /** Answered by the session instead of the delegate. */
    private static final Set<String> SESSIONS = Set.of(
            "abort(Executor)",
            "close()",
            "commit()",
            "getAutoCommit()",
            "isClosed()",
            "rollback()",
            "rollback(Savepoint)",
            "setAutoCommit(boolean)");

    /** Answered by the wrapper alone. */
    private static final Map<Class<?>, Set<String>> OWN = Map.of(
            Connection.class, Set.of("isWrapperFor(Class)"),
            Statement.class, Set.of("getConnection()"),
            PreparedStatement.class, Set.of("getConnection()"),
            CallableStatement.class, Set.of("getConnection()"),
            ResultSet.class, Set.of(),
            DatabaseMetaData.class, Set.of("getConnection()"));

    /** A wrapper and the fake behind it. */
    private record Wrapped(Object wrapper, FakeJdbc delegate, ScriptedSession session) {}

    @TestFactory
    Stream<DynamicTest> everyMethodIsDeclaredInOurClasses() {
        return Stream.of(
                        BatonConnection.class,
                        BatonStatement.class,
                        BatonPreparedStatement.class,
                        BatonCallableStatement.class,
                        BatonResultSet.class,
                        BatonDatabaseMetaData.class)
                .flatMap(wrapper -> Samples.methods(interfaceOf(wrapper)).stream()
                        .map(method -> dynamicTest(
                                wrapper.getSimpleName() + "." + Samples.signature(method),
                                () -> assertThat(wrapper.getMethod(method.getName(), method.getParameterTypes())
                                                .getDeclaringClass()
                                                .isInterface())
                                        .as("inherited from the interface's default")
                                        .isFalse())));
    }

    @TestFactory
    Stream<DynamicTest> everyMethodReachesTheDelegateOrTheSession() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (Map.Entry<Class<?>, Set<String>> own : OWN.entrySet()) {
            Class<?> type = own.getKey();
            Map<String, String> rules = rules(type);
            for (Method method : Samples.methods(type)) {
                String signature = Samples.signature(method);
                String rule = Objects.requireNonNull(rules.get(signature), signature);
                if (!own.getValue().contains(signature)) {
                    tests.add(dynamicTest(type.getSimpleName() + "." + signature, () -> reaches(type, method, rule)));
                }
            }
        }
        return tests.stream();
    }

    private static void reaches(Class<?> type, Method method, String rule) throws Exception {
        Wrapped wrapped = wrap(type);
        Object[] arguments = Samples.arguments(method);
        int callsBefore = wrapped.delegate().calls().size();
        wrapped.session().calls().clear();

        Object answer = method.invoke(wrapped.wrapper(), arguments);

        if (type == Connection.class && SESSIONS.contains(Samples.signature(method))) {
            assertThat(wrapped.session().calls())
                    .contains(Samples.signature(method).replace("boolean", "true"));
            return;
        }
        FakeJdbc.Call call = wrapped.delegate().calls().stream()
                .skip(callsBefore)
                .filter(arrived -> arrived.method().getName().equals(method.getName()))
                .findFirst()
                .orElseThrow(() -> new AssertionError("never reached the delegate"));
        assertThat(call.method().getParameterTypes()).isEqualTo(method.getParameterTypes());
        assertThat(call.arguments()).isEqualTo(arguments);
        if (!rule.equals("WRAP")) {
            assertThat(call.frames()).as("frames of ours on the way").isLessThanOrEqualTo(2);
        }
        if (OWN.containsKey(method.getReturnType())) {
            assertThat(answer.getClass().getSimpleName()).startsWith("Baton");
        }
    }

    private static Wrapped wrap(Class<?> type) throws SQLException {
        ScriptedSession session = new ScriptedSession();
        BatonConnection connection = new BatonConnection(session);
        Object wrapper = connection;
        if (type == Statement.class) {
            wrapper = connection.createStatement();
        } else if (type == PreparedStatement.class) {
            wrapper = connection.prepareStatement("SELECT 1");
        } else if (type == CallableStatement.class) {
            wrapper = connection.prepareCall("{call f()}");
        } else if (type == ResultSet.class) {
            Statement statement = connection.createStatement();
            wrapper = statement.executeQuery("SELECT 1");
            return new Wrapped(wrapper, session.physical().child(0).child(0), session);
        } else if (type == DatabaseMetaData.class) {
            wrapper = connection.getMetaData();
        }
        FakeJdbc delegate = type == Connection.class
                ? session.physical()
                : session.physical().child(0);
        return new Wrapped(wrapper, delegate, session);
    }

    private static Class<?> interfaceOf(Class<?> wrapper) {
        Class<?> base = wrapper.getSuperclass();
        while (!base.getSimpleName().startsWith("Forwarding")) {
            base = base.getSuperclass();
        }
        return base.getInterfaces()[0];
    }

    /** What the classification says, of the interface and those it extends. */
    static Map<String, String> rules(Class<?> type) throws IOException {
        Map<String, String> rules = new HashMap<>();
        for (Class<?> each = type; each != null; each = each.getInterfaces()[0]) {
            for (String line : Files.readAllLines(Path.of("src/main/forwarding", each.getSimpleName() + ".txt"))) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    int gap = line.lastIndexOf(' ');
                    rules.putIfAbsent(
                            line.substring(gap + 1), line.substring(0, gap).strip());
                }
            }
            if (each.getInterfaces()[0] == java.sql.Wrapper.class) {
                break;
            }
        }
        return rules;
    }
}
