package io.github.pgbaton.examples.chaos;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Holds what the database has against what the application was told; reads on the primary, when nobody writes. */
final class Audit {
    private static final Duration AUDIT = Duration.ofSeconds(60);

    private final Connection primary;
    private final Told told;

    private Audit(Connection primary, Told told) {
        this.primary = primary;
        this.told = told;
    }

    /** @param audited waited for where less was told than is lost: an audit takes its time after the failover */
    static Findings of(Connection primary, Told told, Audited audited, Counted driver, int stuck)
            throws SQLException, InterruptedException {
        return new Audit(primary, told).run(audited, driver, stuck);
    }

    private Findings run(Audited audited, Counted driver, int stuck) throws SQLException, InterruptedException {
        int acknowledged = 0;
        int unknown = 0;
        for (Work work : Work.values()) {
            acknowledged += told.acknowledged(work).size();
            unknown += told.unknown(work).size();
        }
        Map<Work, Map<String, Integer>> rows = new EnumMap<>(Work.class);
        rows.put(Work.APPEND_UNIQUE, counts("unique_row"));
        rows.put(Work.APPEND, counts("plain_row"));
        rows.put(Work.TRANSFER, counts("transfer"));
        rows.put(Work.SET, counts("register_audit"));
        int doubled = 0;
        int lost = 0;
        int half = 0;
        for (Map.Entry<Work, Map<String, Integer>> entry : rows.entrySet()) {
            int whole = entry.getKey() == Work.SET ? 1 : 2;
            Map<String, Integer> found = entry.getValue();
            doubled += (int) found.values().stream().filter(n -> n > whole).count();
            half += (int) found.values().stream().filter(n -> n < whole).count();
            lost += (int) told.acknowledged(entry.getKey()).stream()
                    .filter(key -> found.getOrDefault(key, 0) < whole)
                    .count();
        }
        long counted = number("SELECT n FROM counter");
        int increments = told.acknowledged(Work.COUNT).size();
        int perhaps = told.unknown(Work.COUNT).size();
        long counterOff = counted < increments ? counted - increments : Math.max(0, counted - increments - perhaps);
        long missing = Findings.missing(lost, counterOff);
        boolean covered = audited.awaitCovers(missing, AUDIT);
        return new Findings(
                acknowledged,
                doubled,
                lost,
                half,
                wrongTransfers() + wrongSettings(),
                number("SELECT sum(balance) FROM account") - Work.BALANCE * Work.ACCOUNTS,
                counterOff,
                unknown,
                driver.inDoubt(),
                driver.replayed(),
                stuck,
                audited.lost(),
                !covered,
                told.errors(),
                told.undocumented());
    }

    /** The rows of each transaction; those of its halves count together. */
    private Map<String, Integer> counts(String table) throws SQLException {
        Map<String, Integer> counts = new HashMap<>();
        try (Statement statement = primary.createStatement();
                ResultSet rows = statement.executeQuery("SELECT replace(key, '" + Work.SECOND_HALF
                        + "', ''), count(*) FROM " + table + " GROUP BY 1")) {
            while (rows.next()) {
                counts.put(rows.getString(1), rows.getInt(2));
            }
        }
        return counts;
    }

    /** Each transfer must have read what the one before it, of the same account, has left; the last one left the balance. */
    private int wrongTransfers() throws SQLException {
        int wrong = 0;
        Map<Integer, long[]> left = new HashMap<>();
        for (int id = 0; id < Work.ACCOUNTS; id++) {
            left.put(id, new long[] {0, Work.BALANCE});
        }
        try (Statement statement = primary.createStatement();
                ResultSet rows = statement.executeQuery("SELECT account, version, balance, delta FROM transfer"
                        + " UNION ALL SELECT id, version, balance, 0 FROM account ORDER BY 1, 2, 4")) {
            while (rows.next()) {
                long version = rows.getLong(2);
                long balance = rows.getLong(3);
                long[] before = left.getOrDefault(rows.getInt(1), new long[2]);
                if (before[0] != version || before[1] != balance) {
                    wrong++;
                }
                left.put(rows.getInt(1), new long[] {version + 1, balance + rows.getLong(4)});
            }
        }
        return wrong;
    }

    /** Each setting must have found what another one has left, and no two the same. */
    private int wrongSettings() throws SQLException {
        int wrong = 0;
        for (int id = 0; id < Work.REGISTERS; id++) {
            Map<String, String> next = new HashMap<>();
            int rowsOfIt = 0;
            try (Statement statement = primary.createStatement();
                    ResultSet rows =
                            statement.executeQuery("SELECT before, value FROM register_audit WHERE id = " + id)) {
                while (rows.next()) {
                    rowsOfIt++;
                    if (next.put(rows.getString(1), rows.getString(2)) != null) {
                        wrong++;
                    }
                }
            }
            Set<String> seen = new HashSet<>();
            String at = "first";
            while (next.containsKey(at) && seen.add(at)) {
                at = next.getOrDefault(at, at);
            }
            boolean whole = seen.size() == rowsOfIt && at.equals(text("SELECT value FROM register WHERE id = " + id));
            wrong += whole ? 0 : 1;
        }
        return wrong;
    }

    private String text(String sql) throws SQLException {
        try (Statement statement = primary.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private long number(String sql) throws SQLException {
        return Long.parseLong(text(sql));
    }
}
