package io.github.pgbaton.internal.jdbc;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for PgJDBC's object of one interface: writes down every call it gets, in order, and answers with what was
 * scripted, a fake of the type returned, or nothing.
 */
final class FakeJdbc implements InvocationHandler {
    private static final Set<String> OBJECT_METHODS = Set.of("toString", "hashCode", "equals");

    /** One call as it arrived, and how many of our frames it came through. */
    record Call(Method method, Object[] arguments, long frames) {
        /** For example {@code setInt(1, 5)}. */
        String text() {
            return Stream.of(arguments)
                    .map(argument -> argument instanceof Object[] array
                            ? Arrays.toString(array)
                            : argument instanceof int[] numbers ? Arrays.toString(numbers) : String.valueOf(argument))
                    .collect(Collectors.joining(", ", method.getName() + "(", ")"));
        }
    }

    private final String name;
    private final List<Call> calls = new ArrayList<>();
    private final Map<String, Deque<Object>> script = new HashMap<>();
    private final List<FakeJdbc> children = new ArrayList<>();
    private final Object proxy;
    private boolean closed;

    FakeJdbc(Class<?> type, String name) {
        this.name = name;
        proxy = Proxy.newProxyInstance(FakeJdbc.class.getClassLoader(), new Class<?>[] {type}, this);
    }

    static FakeJdbc of(Object proxy) {
        return (FakeJdbc) Proxy.getInvocationHandler(proxy);
    }

    <T> T as(Class<T> type) {
        return type.cast(proxy);
    }

    /** The next call of the method gives this: an SQLException is thrown, anything else returned. */
    FakeJdbc next(String method, Object outcome) {
        script.computeIfAbsent(method, key -> new ArrayDeque<>()).add(outcome);
        return this;
    }

    List<Call> calls() {
        return calls;
    }

    /** All calls but those that only look. */
    List<String> texts() {
        return calls.stream()
                .filter(call -> !call.method().getName().matches("is[A-Z].*"))
                .map(Call::text)
                .toList();
    }

    /** The objects it made, in order. */
    List<FakeJdbc> children() {
        return children;
    }

    FakeJdbc child(int index) {
        return children.get(index);
    }

    /** Warnings are looked at after every statement in autocommit mode, which is no concern of these tests. */
    private static boolean afterAStatement() {
        return StackWalker.getInstance()
                .walk(frames -> frames.anyMatch(frame -> frame.getMethodName().equals("ran")));
    }

    @Override
    public @Nullable Object invoke(Object self, Method method, Object @Nullable [] given) throws Throwable {
        Object[] arguments = given == null ? new Object[0] : given;
        if (OBJECT_METHODS.contains(method.getName())) {
            return switch (method.getName()) {
                case "toString" -> name;
                case "hashCode" -> System.identityHashCode(self);
                default -> self == arguments[0];
            };
        }
        if (!method.getName().equals("getWarnings") || !afterAStatement()) {
            calls.add(new Call(method, arguments, frames()));
        }
        Deque<Object> outcomes = script.get(method.getName());
        if (outcomes != null && !outcomes.isEmpty()) {
            Object outcome = outcomes.remove();
            if (outcome instanceof SQLException failure) {
                throw failure;
            }
            return outcome;
        }
        switch (method.getName()) {
            case "close" -> closed = true;
            case "isClosed" -> {
                return closed;
            }
            default -> {}
        }
        return answer(method);
    }

    private static long frames() {
        return StackWalker.getInstance()
                .walk(frames -> frames.filter(
                                frame -> frame.getClassName()
                                        .matches(
                                                "io\\.github\\.pgbaton\\.internal\\.jdbc\\.(Baton|Forwarding)[A-Za-z]+(?<!Test)"))
                        .count());
    }

    private @Nullable Object answer(Method method) {
        Class<?> type = method.getReturnType();
        if (type == boolean.class) {
            return false;
        } else if (type == int.class) {
            return 0;
        } else if (type == long.class) {
            return 0L;
        } else if (type.isPrimitive() && type != void.class) {
            return java.lang.reflect.Array.get(java.lang.reflect.Array.newInstance(type, 1), 0);
        } else if (type.isInterface() && type.getName().startsWith("java.sql.")) {
            FakeJdbc child = new FakeJdbc(type, name + "." + method.getName());
            children.add(child);
            return child.proxy;
        }
        return null;
    }
}
