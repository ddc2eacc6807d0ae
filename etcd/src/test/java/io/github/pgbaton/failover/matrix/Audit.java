package io.github.pgbaton.failover.matrix;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.assertj.core.api.SoftAssertions;

/** The rows that writers claim, held against the rows that are there: acknowledged once, lost never, in doubt whole or not. */
final class Audit {
    /** SQLStates that say for certain that nothing was committed. */
    private static final Set<String> LOST = Set.of("40001", "08006");

    private static final Set<String> UNKNOWN = Set.of("40003", "08007");

    /** One transaction's rows, by key, and what became of it as its writer was told. */
    private record Claim(List<String> keys, String told) {}

    private final List<Claim> claims = new ArrayList<>();

    /**
     * @param keys that one transaction wrote
     * @param told the SQLState its writer got, empty where the transaction was acknowledged
     */
    void wrote(List<String> keys, String told) {
        claims.add(new Claim(List.copyOf(keys), told));
    }

    void check(Connection connection, String run, SoftAssertions softly) throws SQLException {
        Map<String, Integer> rows = rows(connection, run);
        for (Claim claim : claims) {
            List<Integer> counts =
                    claim.keys().stream().map(key -> rows.getOrDefault(key, 0)).toList();
            if (claim.told().isEmpty()) {
                softly.assertThat(counts)
                        .as("rows of the acknowledged transaction %s", claim.keys())
                        .allMatch(count -> count == 1);
            } else if (LOST.contains(claim.told())) {
                softly.assertThat(counts)
                        .as("rows of %s, which certainly was not committed", claim.keys())
                        .allMatch(count -> count == 0);
            } else if (UNKNOWN.contains(claim.told())) {
                softly.assertThat(counts)
                        .as("rows of %s, which was in doubt", claim.keys())
                        .allMatch(count -> count == 0 || count == 1)
                        .allMatch(counts.get(0)::equals);
            }
            claim.keys().forEach(rows::remove);
        }
        softly.assertThat(rows).as("rows that nobody wrote").isEmpty();
    }

    private static Map<String, Integer> rows(Connection connection, String run) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("SELECT key, count(*) FROM (SELECT key FROM ledger"
                        + " UNION ALL SELECT key FROM gated UNION ALL SELECT key FROM deferred) written"
                        + " WHERE key LIKE '" + run + "/%' GROUP BY key")) {
            Map<String, Integer> rows = new LinkedHashMap<>();
            while (found.next()) {
                rows.put(found.getString(1), found.getInt(2));
            }
            return rows;
        }
    }
}
