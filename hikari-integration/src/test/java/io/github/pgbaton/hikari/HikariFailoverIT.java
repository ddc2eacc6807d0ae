package io.github.pgbaton.hikari;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A HikariCP pool through the loss of the primary: it goes on at the new one, and no transaction is lost or doubled. */
@Timeout(300)
class HikariFailoverIT {
    private static final Logger LOG = LoggerFactory.getLogger("io.github.pgbaton.hikari");
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final int WORKERS = 4;
    private static final int ENOUGH = 40;

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Pools.quick();

    @TempDir
    static Path directory;

    /** How the primary is lost. */
    enum Fault {
        KILL {
            @Override
            void inject(PatroniCluster cluster, String primary) {
                cluster.kill(primary);
            }
        },
        FREEZE {
            @Override
            void inject(PatroniCluster cluster, String primary) {
                cluster.freeze(primary);
            }
        },
        SWITCHOVER {
            @Override
            void inject(PatroniCluster cluster, String primary) {
                cluster.switchover(cluster.syncStandby().orElseThrow());
            }
        };

        abstract void inject(PatroniCluster cluster, String primary);
    }

    private PatroniCluster cluster;
    private String primary;
    private int managersLoginTimeout;

    @BeforeEach
    void cluster() {
        cluster = CLUSTER.cluster();
        managersLoginTimeout = DriverManager.getLoginTimeout();
        primary = cluster.awaitPrimary(PATIENCE);
        await().atMost(PATIENCE).until(() -> cluster.truth().isWritable(primary));
    }

    /** HikariCP sets it for the whole JVM when it is given a jdbcUrl. */
    @AfterEach
    void restoreTheManager() {
        DriverManager.setLoginTimeout(managersLoginTimeout);
    }

    @ParameterizedTest
    @EnumSource(Fault.class)
    void poolUnderLoadGoesOnAtTheNewPrimaryAndNothingIsLostOrDoubled(Fault fault) throws Exception {
        try (HikariDataSource pool = pool("maximumPoolSize=" + (WORKERS + 1));
                AuditedLoad load = new AuditedLoad(pool)) {
            load.start(WORKERS);
            await().atMost(PATIENCE).until(() -> load.done() >= ENOUGH);
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch broken = new CountDownLatch(1);
            load.startOne("across the fault", () -> {
                inside.countDown();
                broken.await();
            });
            assertThat(inside.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();

            fault.inject(cluster, primary);
            await().atMost(PATIENCE)
                    .until(() -> cluster.truth()
                            .writable()
                            .filter(now -> !now.equals(primary))
                            .isPresent());
            broken.countDown();
            int before = load.done();
            await().atMost(PATIENCE).until(() -> load.done() >= before + ENOUGH);
            load.stop(PATIENCE.toSeconds());

            LOG.info("{}: {} transactions, 40001 {}, 08007 {}", fault, load.done(), load.lost(), load.unknown());
            assertThat(load.lost()).as("transactions run again after 40001").isPositive();
            assertThat(load.wrong()).isEmpty();
            try (Connection connection = pool.getConnection()) {
                assertThat(serverOf(connection)).isEqualTo(address(cluster.awaitPrimary(PATIENCE)));
            }
        }
    }

    @Test
    void connectionStaysInThePoolAfterACommitOfUnknownOutcome() throws Exception {
        try (HikariDataSource pool = pool("maximumPoolSize=1")) {
            Connection ours;
            try (Connection connection = pool.getConnection()) {
                ours = connection.unwrap(Connection.class);
                run(connection, "CREATE TABLE IF NOT EXISTS doubt (a int)");
                connection.commit();
                run(connection, "INSERT INTO doubt VALUES (1)");
                cluster.freeze(primary);
                CompletableFuture<String> commit = CompletableFuture.supplyAsync(() -> sqlStateOfCommit(connection));
                assertThat(commit.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo("08007");
                assertThat(connection.isClosed()).isFalse();
                run(connection, "SELECT 1");
                connection.rollback();
            }
            try (Connection connection = pool.getConnection()) {
                assertThat(connection.unwrap(Connection.class)).isSameAs(ours);
                run(connection, "INSERT INTO doubt VALUES (2)");
                connection.commit();
                assertThat(serverOf(connection)).isEqualTo(address(cluster.awaitPrimary(PATIENCE)));
            }
        }
    }

    private HikariDataSource pool(String more) throws Exception {
        // What the pool makes of 40001 and 08007 shows only where the driver does not save the transaction.
        return Pools.pool(
                directory,
                Pools.Way.JDBC_URL,
                cluster,
                "autoCommit=false",
                "dataSource.replay=off",
                "dataSource.commitOutcome=none",
                more);
    }

    private static String sqlStateOfCommit(Connection connection) {
        try {
            connection.commit();
            return "none";
        } catch (SQLException e) {
            return String.valueOf(e.getSQLState());
        }
    }

    private String address(String member) {
        return cluster.postgres(member).getAddress().getHostAddress() + ":"
                + cluster.postgres(member).getPort();
    }

    private static String serverOf(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT host(inet_server_addr()) || ':' || inet_server_port()")) {
            row.next();
            return row.getString(1);
        }
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
