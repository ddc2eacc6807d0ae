package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import io.github.pgbaton.testkit.Undeployed;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * An application that brought pgbaton, its source and all that it needs along in its own class loader, and is undeployed:
 * no thread and no class of it is left. {@code RedeployTest} shows the same without a source.
 */
@Timeout(300)
class RedeployIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.quick();

    @Test
    void applicationOverEtcdIsCollectedWithAllItsClasses() throws Exception {
        isCollected(Clusters.url(CLUSTER.cluster()));
    }

    @Test
    void applicationOverRestIsCollectedWithAllItsClasses() throws Exception {
        isCollected(Clusters.restUrl(CLUSTER.cluster()));
    }

    private static void isCollected(String url) throws Exception {
        Undeployed application = deployed(url);
        // PgJDBC's cleaner ends by itself, and pgbaton's and gRPC's could not once their class loader is closed.
        assertThat(application.threads()).allMatch(name -> name.startsWith("PostgreSQL-JDBC"));
        await("every thread of the application")
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(application.threads()).isEmpty());
        deployed(url);
        // An assertion that fails keeps the loader that it found, and the next one would find it again.
        await("the application's class loader").atMost(PATIENCE).until(application::isCollected);
    }

    private static Undeployed deployed(String url) throws Exception {
        PatroniCluster cluster = CLUSTER.cluster();
        Undeployed application = Undeployed.after(Application.class, url, cluster.user(), cluster.password());
        assertThat(application.returned()).isEqualTo(true);
        return application;
    }

    /** What is deployed. */
    public static final class Application {
        private Application() {}

        /** Whether its connection was on the primary. */
        public static boolean run(String url, String user, String password) throws SQLException {
            boolean writable;
            try (BatonDataSource source = new BatonDataSource(url)) {
                source.setUser(user);
                source.setPassword(password);
                try (Connection connection = source.getConnection();
                        Statement statement = connection.createStatement();
                        ResultSet row = statement.executeQuery("SELECT NOT pg_is_in_recovery()")) {
                    row.next();
                    writable = row.getBoolean(1);
                }
            }
            Undeployed.deregisterDrivers();
            return writable;
        }
    }
}
