package io.github.pgbaton.internal.jdbc;

import java.sql.CallableStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A call that outlives its session; made anew it has its parameters bound and registered as they were. */
final class BatonCallableStatement extends ForwardingCallableStatement {
    private final OutParameters outParameters = new OutParameters();
    private CallableStatement call;

    BatonCallableStatement(BatonConnection connection, StatementRequest request, CallableStatement made) {
        super(connection, request, made);
        call = made;
    }

    @Override
    CallableStatement delegate() {
        return call;
    }

    @Override
    CallableStatement attached() throws SQLException {
        attach();
        return call;
    }

    @Override
    OutParameters outParameters() {
        return outParameters;
    }

    @Override
    void restore(Statement made) throws SQLException {
        // First, for PgJDBC counts the out parameters when it checks what was bound.
        outParameters.applyTo((CallableStatement) made);
        super.restore(made);
        if (batchSize() > 0) {
            // Between the batch and the row bound now everything was cleared.
            outParameters.applyTo((CallableStatement) made);
        }
    }

    @Override
    void adopted(Statement made) {
        super.adopted(made);
        call = (CallableStatement) made;
    }

    @Override
    public @Nullable Object getObject(int parameter) throws SQLException {
        return ours(call.getObject(parameter));
    }

    @Override
    public @Nullable Object getObject(String parameter) throws SQLException {
        return ours(call.getObject(parameter));
    }

    @Override
    public @Nullable Object getObject(int parameter, Map<String, Class<?>> types) throws SQLException {
        return ours(call.getObject(parameter, types));
    }

    @Override
    public @Nullable Object getObject(String parameter, Map<String, Class<?>> types) throws SQLException {
        return ours(call.getObject(parameter, types));
    }

    @Override
    public <T> @Nullable T getObject(int parameter, Class<T> type) throws SQLException {
        return ours(call.getObject(parameter, type), type);
    }

    @Override
    public <T> @Nullable T getObject(String parameter, Class<T> type) throws SQLException {
        return ours(call.getObject(parameter, type), type);
    }

    /** The rows of a refcursor; they were fetched as the call ran. */
    private @Nullable Object ours(@Nullable Object value) {
        return value instanceof ResultSet rows ? new BatonResultSet(session, this, rows, null) : value;
    }

    private <T> @Nullable T ours(@Nullable T value, Class<T> type) {
        return value instanceof ResultSet && type == ResultSet.class ? type.cast(ours(value)) : value;
    }
}
