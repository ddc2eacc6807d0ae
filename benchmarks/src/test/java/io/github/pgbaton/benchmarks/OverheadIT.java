package io.github.pgbaton.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Every benchmark runs against a real server; how fast says nothing here, for all share one JVM that is not warm. */
@Timeout(180)
class OverheadIT {
    private static Server server;

    @BeforeAll
    static void start() {
        server = Server.start();
        Route.use(server);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void everyBenchmarkRunsThroughBothDriversAndBecomesALine() throws Exception {
        List<Measured> results = Overhead.run(new OptionsBuilder()
                .include(Overhead.ours(""))
                .verbosity(VerboseMode.SILENT)
                .forks(0)
                .warmupIterations(0)
                .measurementIterations(1)
                .measurementTime(TimeValue.milliseconds(10)));

        assertThat(results).allSatisfy(one -> {
            assertThat(one.nanos()).isPositive();
            assertThat(one.bytes()).isNotNaN();
        });
        String table = RatioTable.of(results);
        assertThat(table).doesNotContain("one driver only");
        assertThat(table.lines().skip(1)).hasSize(results.size() / 2);
    }

    @Test
    void bothDriversReachTheSameServer() throws Exception {
        assertThat(address(Route.PGBATON)).isEqualTo(address(Route.PGJDBC));
    }

    private static String address(Route route) throws Exception {
        try (Connection connection = route.connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT host(inet_server_addr()) || ':' || inet_server_port() || ' ' || (SELECT system_identifier FROM pg_control_system())")) {
            row.next();
            return row.getString(1);
        }
    }
}
