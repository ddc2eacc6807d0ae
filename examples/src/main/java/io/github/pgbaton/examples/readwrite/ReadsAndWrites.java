package io.github.pgbaton.examples.readwrite;

import com.zaxxer.hikari.HikariConfig;
import io.github.pgbaton.hikari.ReadWriteDataSource;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;

/** Writes on the primary and reads on replicas through one data source; {@code setReadOnly} is what tells them apart. */
public final class ReadsAndWrites {
    private static final int REPORT_EVERY = 50;

    private ReadsAndWrites() {}

    public static void main(String[] arguments) throws SQLException {
        run(arguments[0], () -> true, System.out);
    }

    /**
     * @param file HikariCP's properties, from which both pools are made
     * @param more whether to go on
     * @return how many rows were written
     */
    public static int run(String file, BooleanSupplier more, PrintStream out) throws SQLException {
        try (ReadWriteDataSource source = ReadWriteDataSource.create(new HikariConfig(file))) {
            createTable(source);
            int written = 0;
            while (more.getAsBoolean()) {
                write(source, ++written);
                Report report = read(source);
                if (written % REPORT_EVERY == 0) {
                    out.println(written + " rows written; read " + report.rows() + " of them on a "
                            + (report.onReplica() ? "replica" : "primary"));
                }
            }
            return written;
        }
    }

    private static void createTable(DataSource source) throws SQLException {
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS measurement (value int)");
            statement.execute("TRUNCATE measurement");
        }
    }

    private static void write(DataSource source, int value) throws SQLException {
        try (Connection connection = source.getConnection()) {
            connection.setAutoCommit(false);
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO measurement VALUES (?)")) {
                insert.setInt(1, value);
                insert.executeUpdate();
            }
            connection.commit();
        }
    }

    /** Spring's {@code @Transactional(readOnly = true)} does the same: read-only first, the transaction after it. */
    private static Report read(DataSource source) throws SQLException {
        try (Connection connection = source.getConnection()) {
            connection.setReadOnly(true);
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("SELECT count(*), pg_is_in_recovery() FROM measurement")) {
                row.next();
                return new Report(row.getInt(1), row.getBoolean(2));
            } finally {
                connection.commit();
            }
        }
    }

    private record Report(int rows, boolean onReplica) {}
}
