package io.github.pgbaton.examples.plainjdbc;

import java.io.PrintStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import java.util.function.BooleanSupplier;

/** Transfers money between two accounts with plain JDBC; the sum of both never changes, whatever fails over. */
public final class PlainJdbc {
    private static final int REPORT_EVERY = 100;
    private static final int ATTEMPTS = 5;

    private final Connection connection;

    private PlainJdbc(Connection connection) {
        this.connection = connection;
    }

    public static void main(String[] arguments) throws SQLException {
        run(arguments[0], arguments[1], arguments[2], () -> true, System.out);
    }

    /**
     * @param url beginning with {@code jdbc:pgbaton:postgresql:}
     * @param more whether to make another transfer
     * @return the sum of both accounts afterwards, 2000 before as well
     */
    public static int run(String url, String user, String password, BooleanSupplier more, PrintStream out)
            throws SQLException {
        try (Connection connection = DriverManager.getConnection(url, user, password)) {
            PlainJdbc example = new PlainJdbc(connection);
            example.prepare();
            for (int i = 1; more.getAsBoolean(); i++) {
                example.transfer(UUID.randomUUID().toString(), i % 7 - 3);
                if (i % REPORT_EVERY == 0) {
                    out.println(i + " transfers, the last one through " + example.server());
                }
            }
            return example.sum();
        }
    }

    private void prepare() throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS account (name text PRIMARY KEY, balance int NOT NULL)");
            statement.execute("CREATE TABLE IF NOT EXISTS transfer (id text PRIMARY KEY, amount int NOT NULL)");
            statement.execute("INSERT INTO account VALUES ('left', 1000), ('right', 1000) ON CONFLICT DO NOTHING");
        }
        connection.setAutoCommit(false);
    }

    /** With replay and the ledger a failover is a longer call in here. What cannot be replayed is a 40001: run it again. */
    private void transfer(String id, int amount) throws SQLException {
        for (int attempt = 1; ; attempt++) {
            try {
                move("left", -amount);
                move("right", amount);
                record(id, amount);
                connection.commit();
                return;
            } catch (SQLException e) {
                // Not 08007, which is a COMMIT in doubt and needs a look for the row first: see ExampleWriter.
                if (!"40001".equals(e.getSQLState()) || attempt == ATTEMPTS) {
                    throw e;
                }
                connection.rollback();
            }
        }
    }

    private void move(String account, int amount) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("UPDATE account SET balance = balance + ? WHERE name = ?")) {
            update.setInt(1, amount);
            update.setString(2, account);
            update.executeUpdate();
        }
    }

    private void record(String id, int amount) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO transfer VALUES (?, ?)")) {
            insert.setString(1, id);
            insert.setInt(2, amount);
            insert.executeUpdate();
        }
    }

    private int sum() throws SQLException {
        return Integer.parseInt(ask("SELECT sum(balance)::text FROM account"));
    }

    private String server() throws SQLException {
        return ask("SELECT host(inet_server_addr()) || ':' || inet_server_port()");
    }

    private String ask(String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        } finally {
            connection.rollback();
        }
    }
}
