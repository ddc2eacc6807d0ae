package io.github.pgbaton.examples;

import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Connections that answer as told, call by call, and write down what was asked of them; for one thread. */
final class ScriptedDatabase implements ExampleWriter.Source {
    final List<String> asked = new ArrayList<>();
    private final Deque<Object> answers = new ArrayDeque<>();
    private int connections;

    /** The next network call fails. */
    ScriptedDatabase fail(String state) {
        answers.add(new SQLException("scripted", state));
        return this;
    }

    /** The next network call succeeds; for an INSERT with this many rows. */
    ScriptedDatabase answer(int rows) {
        answers.add(rows);
        return this;
    }

    @Override
    public Connection open() throws SQLException {
        call("open");
        int number = ++connections;
        return (Connection) proxy(Connection.class, (method, arguments) -> switch (method) {
            case "prepareStatement" -> statement(number, String.valueOf(arguments[0]));
            case "commit", "rollback" -> call(method + " " + number);
            default -> 0;
        });
    }

    private Object statement(int number, String sql) {
        String kind = sql.contains("NOT EXISTS") ? "insert unless there " : "insert ";
        return proxy(
                PreparedStatement.class,
                (method, arguments) -> method.equals("executeUpdate") ? call(kind + number) : 0);
    }

    private int call(String what) throws SQLException {
        asked.add(what);
        Object answer = answers.remove();
        if (answer instanceof SQLException failure) {
            throw failure;
        }
        return (int) answer;
    }

    private interface Call {
        Object answer(String method, Object[] arguments) throws SQLException;
    }

    private static Object proxy(Class<?> type, Call call) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
            Object answer = call.answer(method.getName(), arguments);
            return method.getReturnType() == void.class ? null : answer;
        });
    }
}
