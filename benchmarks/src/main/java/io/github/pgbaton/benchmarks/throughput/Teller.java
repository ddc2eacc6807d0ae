package io.github.pgbaton.benchmarks.throughput;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.SplittableRandom;

/**
 * One client of a bank as TPC-B describes it: each transaction changes an account, reads it, changes its teller and its
 * branch, and writes a line of history. Used by one thread.
 */
final class Teller implements AutoCloseable {
    private static final int TELLERS = 10;
    private static final int ACCOUNTS = 10_000;

    private final Connection connection;
    private final int branches;
    private final SplittableRandom random;
    private final PreparedStatement account;
    private final PreparedStatement read;
    private final PreparedStatement teller;
    private final PreparedStatement branch;
    private final PreparedStatement history;

    Teller(Connection connection, int branches, long seed) throws SQLException {
        this.connection = connection;
        this.branches = branches;
        this.random = new SplittableRandom(seed);
        connection.setAutoCommit(false);
        account = connection.prepareStatement("UPDATE accounts SET balance = balance + ? WHERE id = ?");
        read = connection.prepareStatement("SELECT balance FROM accounts WHERE id = ?");
        teller = connection.prepareStatement("UPDATE tellers SET balance = balance + ? WHERE id = ?");
        branch = connection.prepareStatement("UPDATE branches SET balance = balance + ? WHERE id = ?");
        history = connection.prepareStatement(
                "INSERT INTO history (teller, branch, account, delta, at) VALUES (?, ?, ?, ?, now())");
    }

    /** Makes the bank anew, with all balances at zero. */
    static void found(Connection connection, int branches) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS branches, tellers, accounts, history");
            for (String table : new String[] {"branches", "tellers", "accounts"}) {
                int rows = branches * (table.equals("branches") ? 1 : table.equals("tellers") ? TELLERS : ACCOUNTS);
                statement.execute("CREATE TABLE " + table
                        + " (id int PRIMARY KEY, balance bigint NOT NULL, filler char(84)) WITH (fillfactor = 80)");
                statement.execute(
                        "INSERT INTO " + table + " SELECT i, 0, '' FROM generate_series(0, " + (rows - 1) + ") i");
            }
            statement.execute("CREATE TABLE history (teller int, branch int, account int, delta int, at timestamptz)");
            statement.execute("ANALYZE branches, tellers, accounts");
        }
    }

    /** Whether every change of an account is in its branch and in the history. */
    static boolean balanced(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT (SELECT sum(balance) FROM accounts) = (SELECT sum(balance) FROM branches)"
                                + " AND (SELECT sum(balance) FROM accounts) = (SELECT sum(balance) FROM tellers)"
                                + " AND (SELECT sum(balance) FROM accounts) = (SELECT coalesce(sum(delta), 0) FROM history)")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    void transaction() throws SQLException {
        int tellerId = random.nextInt(branches * TELLERS);
        int branchId = tellerId / TELLERS;
        int accountId = branchId * ACCOUNTS + random.nextInt(ACCOUNTS);
        int delta = random.nextInt(-5000, 5000);
        change(account, delta, accountId);
        read.setInt(1, accountId);
        try (ResultSet row = read.executeQuery()) {
            row.next();
            row.getLong(1);
        }
        change(teller, delta, tellerId);
        change(branch, delta, branchId);
        history.setInt(1, tellerId);
        history.setInt(2, branchId);
        history.setInt(3, accountId);
        history.setInt(4, delta);
        history.executeUpdate();
        connection.commit();
    }

    private static void change(PreparedStatement update, int delta, int id) throws SQLException {
        update.setInt(1, delta);
        update.setInt(2, id);
        if (update.executeUpdate() != 1) {
            throw new IllegalStateException("no row " + id);
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
