package io.github.pgbaton.examples.demo;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * What the database holds against what the application was told.
 *
 * @param lost acknowledged keys that are not there
 * @param doubled keys that are there more than once, acknowledged or not
 */
record Audit(int lost, int doubled) {

    /** Counts the rows of one route; its keys begin with the prefix. */
    static Audit of(Collection<String> acknowledged, String prefix, Connection primary) throws SQLException {
        Map<String, Integer> rows = new HashMap<>();
        try (PreparedStatement select =
                primary.prepareStatement("SELECT key, count(*) FROM example WHERE starts_with(key, ?) GROUP BY key")) {
            select.setString(1, prefix);
            select.setQueryTimeout(30);
            try (ResultSet result = select.executeQuery()) {
                while (result.next()) {
                    rows.put(result.getString(1), result.getInt(2));
                }
            }
        }
        return of(acknowledged, rows);
    }

    static Audit of(Collection<String> acknowledged, Map<String, Integer> rows) {
        long lost = acknowledged.stream().filter(key -> !rows.containsKey(key)).count();
        long doubled = rows.values().stream().filter(count -> count > 1).count();
        return new Audit(Math.toIntExact(lost), Math.toIntExact(doubled));
    }
}
