package io.github.pgbaton.internal.jdbc;

import java.sql.PreparedStatement;
import java.sql.Timestamp;
import java.util.Calendar;

/** A delegate that allocates nothing; only what {@link AllocationTest} calls works. */
final class QuietPreparedStatement extends BatonPreparedStatement {
    QuietPreparedStatement(BatonConnection connection) {
        super(
                connection,
                StatementRequest.prepared("SELECT 1"),
                new FakeJdbc(PreparedStatement.class, "unused").as(PreparedStatement.class));
    }

    @Override
    public void setInt(int index, int value) {}

    @Override
    public void setLong(int index, long value) {}

    @Override
    public void setString(int index, String value) {}

    @Override
    public void setDouble(int index, double value) {}

    @Override
    public void setTimestamp(int index, Timestamp value) {}

    @Override
    public void setTimestamp(int index, Timestamp value, Calendar calendar) {}

    @Override
    public void setBytes(int index, byte[] value) {}

    @Override
    public void setNull(int index, int type) {}

    @Override
    public void setObject(int index, Object value) {}

    @Override
    public void clearParameters() {}

    @Override
    public int executeUpdate() {
        return 1;
    }

    @Override
    public long getLargeUpdateCount() {
        return 1;
    }
}
