package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.testkit.Undeployed;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An application that brought pgbaton along in its own class loader, and is undeployed. */
@Timeout(120)
class RedeployTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Test
    void undeployedApplicationIsCollectedWithAllItsClasses() throws Exception {
        try (ScriptedPostgres standby = new ScriptedPostgres().inRecovery(true);
                ScriptedPostgres primary = new ScriptedPostgres()) {
            String seeds = standby.address() + "," + primary.address();
            Undeployed application = Undeployed.after(Application.class, seeds);
            assertThat(primary.statements()).contains("SELECT 'deployed'");
            Undeployed.after(Application.class, seeds);
            // An assertion that fails keeps the loader that it found, and the next one would find it again.
            await("the application's class loader").atMost(PATIENCE).until(application::isCollected);
        }
    }

    /** What is deployed. */
    public static final class Application {
        private Application() {}

        public static void run(String seeds) throws SQLException {
            try (BatonDataSource source = new BatonDataSource(
                    "jdbc:pgbaton:postgresql://" + seeds + "/db?sslmode=disable&failoverTimeout=20s")) {
                source.setUser("app");
                source.setPassword("s3cret");
                try (Connection connection = source.getConnection()) {
                    Scripts.run(connection, "SELECT 'deployed'");
                }
            }
            Undeployed.deregisterDrivers();
        }
    }
}
