package io.github.pgbaton.compatibility;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** The few statements that works share. */
final class Sql {
    private Sql() {}

    static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** One row of this attempt, in the table's only column. */
    static void insert(Connection connection, String table, Attempt attempt) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO " + table + " VALUES (?)")) {
            insert.setString(1, attempt.id());
            insert.executeUpdate();
        }
    }

    static int count(Connection connection, String table, String attempt) throws SQLException {
        try (PreparedStatement count =
                connection.prepareStatement("SELECT count(*) FROM " + table + " WHERE attempt = ?")) {
            count.setString(1, attempt);
            try (ResultSet row = count.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        }
    }

    static boolean inRecovery(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_is_in_recovery()")) {
            row.next();
            return row.getBoolean(1);
        }
    }
}
