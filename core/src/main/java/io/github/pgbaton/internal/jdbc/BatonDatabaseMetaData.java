package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.session.LogicalSession;
import io.github.pgbaton.internal.session.LogicalSession.CallKind;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/**
 * Answers about the database from the session of now; names, versions and the URL are PgJDBC's, unchanged.
 *
 * <p>Frameworks choose their dialect by them.
 */
final class BatonDatabaseMetaData extends ForwardingDatabaseMetaData {
    private final BatonConnection connection;
    private final LogicalSession session;
    private DatabaseMetaData delegate;
    private long generation;

    /** @param made on the session of now */
    BatonDatabaseMetaData(BatonConnection connection, DatabaseMetaData made) {
        this.connection = connection;
        this.session = connection.session();
        this.delegate = made;
        this.generation = session.generation();
    }

    @Override
    DatabaseMetaData delegate() {
        return delegate;
    }

    @Override
    DatabaseMetaData attached() throws SQLException {
        Connection physical = session.attach();
        while (generation != session.generation()) {
            try {
                DatabaseMetaData made = physical.getMetaData();
                delegate = made;
                generation = session.generation();
            } catch (SQLException failure) {
                recover(failure);
                physical = session.attach();
            }
        }
        return delegate;
    }

    @Override
    void recover(SQLException failure) throws SQLException {
        session.recover(failure, CallKind.CATALOG, null);
    }

    @Override
    @Nullable
    ResultSet wrapped(@Nullable ResultSet raw) throws SQLException {
        if (raw == null) {
            return null;
        }
        // PgJDBC's statement behind it, which an application may close with it, must not lead to PgJDBC's connection.
        Statement made = raw.getStatement();
        BatonStatement statement =
                made == null ? null : new BatonStatement(connection, StatementRequest.statement(), made);
        if (!session.getAutoCommit()) {
            session.journal().deny("it asks DatabaseMetaData for a result");
        }
        return new BatonResultSet(session, statement, raw, null);
    }

    @Override
    public Connection getConnection() {
        return connection;
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return type.isInstance(this) || delegate.isWrapperFor(type);
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        if (type.isInstance(this)) {
            return type.cast(this);
        }
        T raw = attached().unwrap(type);
        // It leads to its connection.
        session.journal().denyForGood("PgJDBC's metadata was taken out of it with unwrap");
        return raw;
    }
}
