package io.github.pgbaton.examples.chaos;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.SplittableRandom;

/**
 * One kind of transaction; each leaves rows behind by which an audit finds out whether it ran once, and on what it had
 * read.
 */
enum Work {
    /** A second run would fail. */
    APPEND_UNIQUE {
        @Override
        void run(Connection on, String key, SplittableRandom random, int attempt)
                throws SQLException, InterruptedException {
            insert(on, "INSERT INTO unique_row (key) VALUES (?)", key);
            think(random, attempt);
            insert(on, "INSERT INTO unique_row (key) VALUES (?)", key + SECOND_HALF);
        }
    },
    /** A second run would be there. */
    APPEND {
        @Override
        void run(Connection on, String key, SplittableRandom random, int attempt)
                throws SQLException, InterruptedException {
            insert(on, "INSERT INTO plain_row (key) VALUES (?)", key);
            think(random, attempt);
            insert(on, "INSERT INTO plain_row (key) VALUES (?)", key + SECOND_HALF);
        }
    },
    /** Balances are read, computed here, and written: a transfer that goes on with old ones makes or destroys money. */
    TRANSFER {
        @Override
        void run(Connection on, String key, SplittableRandom random, int attempt)
                throws SQLException, InterruptedException {
            int one = random.nextInt(ACCOUNTS - 1);
            int other = one + 1 + random.nextInt(ACCOUNTS - 1 - one);
            // Whoever has lost to others again and again takes its locks first, or it may lose for ever.
            boolean locks = random.nextBoolean() || attempt > PATIENT;
            long amount = 1 + random.nextInt(100);
            on.setTransactionIsolation(
                    locks ? Connection.TRANSACTION_READ_COMMITTED : Connection.TRANSACTION_REPEATABLE_READ);
            Account from = read(on, one, locks);
            think(random, attempt);
            Account to = read(on, other, locks);
            think(random, attempt);
            write(on, key, one, from, -amount);
            write(on, key, other, to, amount);
        }
    },
    /** What was there before is written down with what was set, so that the settings make a chain. */
    SET {
        @Override
        void run(Connection on, String key, SplittableRandom random, int attempt)
                throws SQLException, InterruptedException {
            int id = random.nextInt(REGISTERS);
            String before;
            try (PreparedStatement select = on.prepareStatement("SELECT value FROM register WHERE id = ? FOR UPDATE")) {
                select.setInt(1, id);
                try (ResultSet row = select.executeQuery()) {
                    row.next();
                    before = row.getString(1);
                }
            }
            think(random, attempt);
            try (PreparedStatement set = on.prepareStatement("UPDATE register SET value = ? WHERE id = ?");
                    PreparedStatement note = on.prepareStatement(
                            "INSERT INTO register_audit (key, id, before, value) VALUES (?, ?, ?, ?)")) {
                set.setString(1, key);
                set.setInt(2, id);
                set.executeUpdate();
                note.setString(1, key);
                note.setInt(2, id);
                note.setString(3, before);
                note.setString(4, key);
                note.executeUpdate();
            }
        }
    },
    /** Leaves nothing but the sum. */
    COUNT {
        @Override
        void run(Connection on, String key, SplittableRandom random, int attempt) throws SQLException {
            try (Statement update = on.createStatement()) {
                update.executeUpdate("UPDATE counter SET n = n + 1");
            }
        }
    };

    static final int ACCOUNTS = 8;
    static final int REGISTERS = 3;
    static final long BALANCE = 10_000;
    /** Of the key of a transaction's second row: the one must not be there without the other. */
    static final String SECOND_HALF = "/2";

    /** As many attempts at a transaction go by before it hurries. */
    private static final int PATIENT = 3;

    private record Account(long balance, long version) {}

    /**
     * Everything but the COMMIT.
     *
     * @param attempt how often it was begun, this time included
     */
    abstract void run(Connection on, String key, SplittableRandom random, int attempt)
            throws SQLException, InterruptedException;

    /** Makes the tables anew; none of them but the first keeps a transaction from running twice. */
    static void prepare(Connection on) throws SQLException {
        try (Statement statement = on.createStatement()) {
            statement.execute("CREATE TABLE unique_row (key text PRIMARY KEY);"
                    + "CREATE TABLE plain_row (key text NOT NULL);"
                    + "CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL, version bigint NOT NULL);"
                    + "CREATE TABLE transfer (key text NOT NULL, account int NOT NULL, version bigint NOT NULL,"
                    + " balance bigint NOT NULL, delta bigint NOT NULL);"
                    + "CREATE TABLE register (id int PRIMARY KEY, value text NOT NULL);"
                    + "CREATE TABLE register_audit (key text NOT NULL, id int NOT NULL, before text NOT NULL,"
                    + " value text NOT NULL);"
                    + "CREATE TABLE counter (n bigint NOT NULL);"
                    + "INSERT INTO counter VALUES (0);"
                    + "INSERT INTO account SELECT i, " + BALANCE + ", 0 FROM generate_series(0, " + (ACCOUNTS - 1)
                    + ") i;"
                    + "INSERT INTO register SELECT i, 'first' FROM generate_series(0, " + (REGISTERS - 1) + ") i");
        }
    }

    private static void insert(Connection on, String sql, String key) throws SQLException {
        try (PreparedStatement insert = on.prepareStatement(sql)) {
            insert.setString(1, key);
            insert.executeUpdate();
        }
    }

    private static Account read(Connection on, int id, boolean lock) throws SQLException {
        try (PreparedStatement select = on.prepareStatement(
                "SELECT balance, version FROM account WHERE id = ?" + (lock ? " FOR UPDATE" : ""))) {
            select.setInt(1, id);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return new Account(row.getLong(1), row.getLong(2));
            }
        }
    }

    private static void write(Connection on, String key, int id, Account read, long delta) throws SQLException {
        try (PreparedStatement update =
                        on.prepareStatement("UPDATE account SET balance = ?, version = ? WHERE id = ?");
                PreparedStatement note = on.prepareStatement(
                        "INSERT INTO transfer (key, account, version, balance, delta) VALUES (?, ?, ?, ?, ?)")) {
            update.setLong(1, read.balance + delta);
            update.setLong(2, read.version + 1);
            update.setInt(3, id);
            update.executeUpdate();
            note.setString(1, key);
            note.setInt(2, id);
            note.setLong(3, read.version);
            note.setLong(4, read.balance);
            note.setLong(5, delta);
            note.executeUpdate();
        }
    }

    /**
     * Now and then for long, so that a transaction lives to see two failures; but not time after time, or those that think
     * less would change what it has read before it is done, every time.
     */
    private static void think(SplittableRandom random, int attempt) throws InterruptedException {
        int millis = random.nextInt(4) == 0 ? 100 + random.nextInt(400) : random.nextInt(20);
        Thread.sleep(attempt > PATIENT ? millis / 20 : millis);
    }
}
