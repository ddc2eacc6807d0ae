package io.github.pgbaton.internal.jdbc;

import java.sql.Blob;
import java.sql.Clob;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A delegate that allocates nothing; only what {@link AllocationTest} calls works. */
final class QuietResultSet extends ForwardingResultSet {
    @Override
    ResultSet delegate() {
        throw new UnsupportedOperationException();
    }

    @Override
    ResultSet attached() {
        throw new UnsupportedOperationException();
    }

    @Override
    void recover(SQLException failure) throws SQLException {
        throw failure;
    }

    @Override
    public @Nullable SQLWarning getWarnings() {
        return null;
    }

    @Override
    public boolean next() {
        return true;
    }

    @Override
    public int getInt(int column) {
        return column;
    }

    @Override
    public String getString(String column) {
        return column;
    }

    @Override
    public Object getObject(int column) {
        return "value";
    }

    @Override
    public @Nullable Object getObject(String column) {
        return null;
    }

    @Override
    public @Nullable Object getObject(int column, Map<String, Class<?>> types) {
        return null;
    }

    @Override
    public @Nullable Object getObject(String column, Map<String, Class<?>> types) {
        return null;
    }

    @Override
    public <T> @Nullable T getObject(int column, Class<T> type) {
        return null;
    }

    @Override
    public <T> @Nullable T getObject(String column, Class<T> type) {
        return null;
    }

    @Override
    public @Nullable Statement getStatement() {
        return null;
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return false;
    }

    @Override
    public <T> T unwrap(Class<T> type) {
        return type.cast(this);
    }

    @Override
    public void insertRow() {}

    @Override
    public void updateRow() {}

    @Override
    public void deleteRow() {}

    @Override
    public boolean isLast() {
        return false;
    }

    @Override
    public boolean isBeforeFirst() {
        return false;
    }

    @Override
    public boolean isAfterLast() {
        return false;
    }

    @Override
    public @Nullable Blob getBlob(int column) {
        return null;
    }

    @Override
    public @Nullable Blob getBlob(String column) {
        return null;
    }

    @Override
    public @Nullable Clob getClob(int column) {
        return null;
    }

    @Override
    public @Nullable Clob getClob(String column) {
        return null;
    }
}
