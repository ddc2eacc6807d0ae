package io.github.pgbaton.internal.replay;

import java.sql.ParameterMetaData;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Digests of what the server says of a statement that it is asked to describe; equal ones for equal answers. Stateless. */
public final class Descriptions {
    private Descriptions() {}

    /**
     * @param columns of a statement's result, null where it has none
     * @return their digest: labels and types
     * @throws SQLException PgJDBC's
     */
    public static long digest(@Nullable ResultSetMetaData columns) throws SQLException {
        if (columns == null) {
            return 0;
        }
        long digest = Digest.add(1, columns.getColumnCount());
        for (int column = 1; column <= columns.getColumnCount(); column++) {
            digest = Digest.add(digest, columns.getColumnLabel(column));
            digest = Digest.add(digest, columns.getColumnTypeName(column));
            digest = Digest.add(digest, columns.getPrecision(column));
            digest = Digest.add(digest, columns.getScale(column));
        }
        return digest;
    }

    /**
     * @param parameters of a statement
     * @return their digest: the types
     * @throws SQLException PgJDBC's
     */
    public static long digest(ParameterMetaData parameters) throws SQLException {
        long digest = Digest.add(1, parameters.getParameterCount());
        for (int parameter = 1; parameter <= parameters.getParameterCount(); parameter++) {
            digest = Digest.add(digest, parameters.getParameterTypeName(parameter));
        }
        return digest;
    }
}
