package com.example.stock;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import javax.sql.DataSource;

/** The code under test: an application's own, with plain JDBC. */
public final class Stock {
    private final DataSource dataSource;

    public Stock(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    public void create() throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement create = connection.prepareStatement(
                        "CREATE TABLE IF NOT EXISTS stock (item text PRIMARY KEY, pieces int)")) {
            create.execute();
        }
    }

    /** Takes note of pieces that arrive; {@code check} is called in the middle of the transaction. */
    public int arrive(String item, int pieces, Runnable check) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try (PreparedStatement add = connection.prepareStatement(
                    "INSERT INTO stock VALUES (?, ?) ON CONFLICT (item) DO UPDATE SET pieces = stock.pieces + ?")) {
                add.setString(1, item);
                add.setInt(2, pieces);
                add.setInt(3, pieces);
                add.executeUpdate();
            }
            check.run();
            int now = pieces(connection, item);
            connection.commit();
            return now;
        }
    }

    public int pieces(String item) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return pieces(connection, item);
        }
    }

    private static int pieces(Connection connection, String item) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("SELECT pieces FROM stock WHERE item = ?")) {
            select.setString(1, item);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? row.getInt(1) : 0;
            }
        }
    }
}
