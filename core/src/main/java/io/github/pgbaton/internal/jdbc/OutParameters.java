package io.github.pgbaton.internal.jdbc;

import java.sql.CallableStatement;
import java.sql.SQLException;
import java.sql.SQLType;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The out parameters registered on a call, the last registration of each index; by index only, as in PgJDBC. */
final class OutParameters {
    private enum Shape {
        TYPE,
        TYPE_SCALE,
        TYPE_NAME
    }

    private record Out(
            Shape shape,
            int type,
            @Nullable SQLType sqlType,
            int scale,
            @Nullable String typeName) {}

    private final Map<Integer, Out> outs = new LinkedHashMap<>();

    void registerOutParameter(int index, int type) {
        outs.put(index, new Out(Shape.TYPE, type, null, 0, null));
    }

    void registerOutParameter(int index, int type, int scale) {
        outs.put(index, new Out(Shape.TYPE_SCALE, type, null, scale, null));
    }

    void registerOutParameter(int index, int type, @Nullable String typeName) {
        outs.put(index, new Out(Shape.TYPE_NAME, type, null, 0, typeName));
    }

    void registerOutParameter(int index, SQLType type) {
        outs.put(index, new Out(Shape.TYPE, 0, type, 0, null));
    }

    void registerOutParameter(int index, SQLType type, int scale) {
        outs.put(index, new Out(Shape.TYPE_SCALE, 0, type, scale, null));
    }

    void registerOutParameter(int index, SQLType type, @Nullable String typeName) {
        outs.put(index, new Out(Shape.TYPE_NAME, 0, type, 0, typeName));
    }

    /** @param made a call made just now */
    void applyTo(CallableStatement made) throws SQLException {
        for (Map.Entry<Integer, Out> entry : outs.entrySet()) {
            int index = entry.getKey();
            Out out = entry.getValue();
            SQLType sqlType = out.sqlType();
            if (sqlType == null) {
                switch (out.shape()) {
                    case TYPE -> made.registerOutParameter(index, out.type());
                    case TYPE_SCALE -> made.registerOutParameter(index, out.type(), out.scale());
                    case TYPE_NAME -> made.registerOutParameter(index, out.type(), out.typeName());
                }
            } else {
                switch (out.shape()) {
                    case TYPE -> made.registerOutParameter(index, sqlType);
                    case TYPE_SCALE -> made.registerOutParameter(index, sqlType, out.scale());
                    case TYPE_NAME -> made.registerOutParameter(index, sqlType, out.typeName());
                }
            }
        }
    }
}
