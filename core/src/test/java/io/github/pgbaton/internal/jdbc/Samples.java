package io.github.pgbaton.internal.jdbc;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringReader;
import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URL;
import java.sql.Date;
import java.sql.JDBCType;
import java.sql.SQLType;
import java.sql.Time;
import java.sql.Timestamp;
import java.util.Calendar;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The methods of a JDBC interface, how the classification names them, and arguments to call them with. */
final class Samples {
    private Samples() {}

    /** Every method an implementation must answer, default methods included. */
    static List<Method> methods(Class<?> type) {
        return Stream.of(type.getMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .sorted(Comparator.comparing(Samples::signature))
                .toList();
    }

    /** As in the classification: {@code setInt(int,int)}. */
    static String signature(Method method) {
        return Stream.of(method.getParameterTypes())
                .map(Class::getSimpleName)
                .collect(Collectors.joining(",", method.getName() + "(", ")"));
    }

    static Object[] arguments(Method method) {
        return Stream.of(method.getParameterTypes()).map(Samples::argument).toArray();
    }

    private static Object argument(Class<?> type) {
        if (type == boolean.class) {
            return true;
        } else if (type.isPrimitive()) {
            return number(type);
        } else if (type == String.class) {
            return "text";
        } else if (type == Object.class) {
            return "object";
        } else if (type == Class.class) {
            return Runnable.class;
        } else if (type.isArray()) {
            return Array.newInstance(type.getComponentType(), 1);
        } else if (type == InputStream.class) {
            return new ByteArrayInputStream(new byte[1]);
        } else if (type == Reader.class) {
            return new StringReader("r");
        } else if (type == BigDecimal.class) {
            return BigDecimal.TEN;
        } else if (type == Date.class) {
            return new Date(1000);
        } else if (type == Time.class) {
            return new Time(1000);
        } else if (type == Timestamp.class) {
            return new Timestamp(1000);
        } else if (type == Calendar.class) {
            return Calendar.getInstance();
        } else if (type == SQLType.class) {
            return JDBCType.INTEGER;
        } else if (type == Map.class) {
            return Map.of();
        } else if (type == Properties.class) {
            return new Properties();
        } else if (type == Executor.class) {
            return (Executor) Runnable::run;
        } else if (type == URL.class) {
            return url();
        }
        return new FakeJdbc(type, "sample").as(type);
    }

    private static Object number(Class<?> type) {
        return switch (type.getName()) {
            case "byte" -> (byte) 1;
            case "short" -> (short) 1;
            case "int" -> 1;
            case "long" -> 1L;
            case "float" -> 1f;
            default -> 1d;
        };
    }

    private static URL url() {
        try {
            return URI.create("http://localhost/").toURL();
        } catch (java.net.MalformedURLException e) {
            throw new IllegalStateException(e);
        }
    }
}
