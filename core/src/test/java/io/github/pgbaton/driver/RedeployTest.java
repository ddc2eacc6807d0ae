package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.io.File;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
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
            WeakReference<ClassLoader> application = deployed(seeds);
            assertThat(primary.statements()).contains("SELECT 'deployed'");
            // The JDK remembers the types of the record whose methods it made last, strongly or softly, until it makes
            // those of the next one. So one class loader in the JVM may stay, whoever is undeployed: that of the next.
            deployed(seeds);
            // An assertion that fails keeps the loader that it found, and the next one would find it again.
            await("the application's class loader").atMost(PATIENCE).until(() -> {
                System.gc();
                return application.refersTo(null);
            });
        }
    }

    /** Runs an application to its end, in a class loader that shares nothing but the JDK's classes with this one. */
    private static WeakReference<ClassLoader> deployed(String seeds) throws Exception {
        // PgJDBC's own cleaner may stay for half a minute after the last connection otherwise.
        System.setProperty("pgjdbc.config.cleanup.thread.ttl", "500");
        Thread thread = Thread.currentThread();
        ClassLoader outer = thread.getContextClassLoader();
        try (URLClassLoader loader = new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader())) {
            thread.setContextClassLoader(loader);
            Class<?> application = loader.loadClass(Application.class.getName());
            assertThat(application.getClassLoader()).isSameAs(loader);
            application.getMethod("run", String.class).invoke(null, seeds);
            return new WeakReference<>(loader);
        } finally {
            thread.setContextClassLoader(outer);
            System.clearProperty("pgjdbc.config.cleanup.thread.ttl");
        }
    }

    private static URL[] classPath() throws MalformedURLException {
        List<URL> urls = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            urls.add(new File(entry).toURI().toURL());
        }
        return urls.toArray(new URL[0]);
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
            // As a container does; a driver registers itself when it is loaded.
            for (Driver driver : Collections.list(DriverManager.getDrivers())) {
                if (driver.getClass().getClassLoader() == Application.class.getClassLoader()) {
                    DriverManager.deregisterDriver(driver);
                }
            }
        }
    }
}
