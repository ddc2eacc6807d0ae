package io.github.pgbaton.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.testkit.PatroniCluster;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code ./run ledger} does to a real database, and what it says. */
@Timeout(180)
class LedgerToolIT {
    private final StringWriter said = new StringWriter();

    private int tool(String... arguments) {
        said.getBuffer().setLength(0);
        return LedgerTool.run(arguments, new PrintWriter(said, true));
    }

    @Test
    void createsShowsAndPurgesThroughEitherDriver() throws Exception {
        try (PatroniCluster cluster =
                PatroniCluster.local().members(1).synchronousMode(false).start()) {
            String credentials = "?user=" + cluster.superuser() + "&password=" + cluster.superuserPassword();
            String plain = "jdbc:postgresql://" + cluster.seeds() + "/" + cluster.database() + credentials;
            String baton = "jdbc:pgbaton:postgresql://" + cluster.seeds() + "/" + cluster.database() + credentials
                    + "&commitOutcome=ledger";

            assertThat(tool("status", "--url", baton)).isEqualTo(1);
            assertThat(said.toString()).contains("not usable: there is no table pgbaton.tx");

            assertThat(tool("create", "--url", baton, "--retention", "90m", "--grant-to", cluster.user()))
                    .isZero();
            assertThat(said.toString()).contains("usable; rows are kept for 5400 s", "0 transactions, 0 tombstones");

            try (Connection connection = DriverManager.getConnection(plain);
                    Statement statement = connection.createStatement()) {
                statement.execute(
                        "INSERT INTO pgbaton.tx VALUES (gen_random_uuid(), 'c', now() - interval '91 minutes'),"
                                + " (gen_random_uuid(), 't', now())");
            }
            assertThat(tool("purge", "--url", plain)).isZero();
            assertThat(said.toString()).contains("1 rows purged");
            assertThat(tool("status", "--url", plain)).isZero();
            assertThat(said.toString()).contains("0 transactions, 1 tombstones");
        }
    }

    @Test
    void printsTheSqlWithoutADatabase() {
        assertThat(tool("create", "--url", "jdbc:postgresql://nowhere/db", "--print"))
                .isZero();

        assertThat(said.toString()).startsWith("BEGIN;").contains("retention 7200 s");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "create",
                "create --url x --print --retention 2",
                "create --url x --print --retention 9m",
                "drop"
            })
    void refusesWhatItDoesNotUnderstandAndShowsTheUsage(String arguments) {
        List<String> words =
                Stream.of(arguments.split(" ")).filter(word -> !word.isEmpty()).toList();

        assertThat(tool(words.toArray(String[]::new))).as(arguments).isEqualTo(2);
        assertThat(said.toString()).contains("Usage: ./run ledger");
    }
}
