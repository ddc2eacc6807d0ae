package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.io.File;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
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
        WeakReference<ClassLoader> application = deployed(url);
        // PgJDBC's cleaner ends by itself, and pgbaton's and gRPC's could not once their class loader is closed.
        assertThat(threadsOf(application)).allMatch(name -> name.startsWith("PostgreSQL-JDBC"));
        await("every thread of the application")
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(threadsOf(application)).isEmpty());
        // The JDK remembers the types of the record whose methods it made last, strongly or softly, until it makes
        // those of the next one. So one class loader in the JVM may stay, whoever is undeployed: that of the next.
        deployed(url);
        // An assertion that fails keeps the loader that it found, and the next one would find it again.
        await("the application's class loader").atMost(PATIENCE).until(() -> {
            System.gc();
            return application.refersTo(null);
        });
    }

    /** Those that are of its classes or would load further ones. */
    private static List<String> threadsOf(WeakReference<ClassLoader> application) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> application.refersTo(thread.getContextClassLoader())
                        || application.refersTo(thread.getClass().getClassLoader()))
                .map(Thread::getName)
                .toList();
    }

    /** Runs an application to its end, in a class loader that shares nothing but the JDK's classes with this one. */
    private static WeakReference<ClassLoader> deployed(String url) throws Exception {
        // PgJDBC's own cleaner may stay for half a minute after the last connection otherwise.
        System.setProperty("pgjdbc.config.cleanup.thread.ttl", "500");
        PatroniCluster cluster = CLUSTER.cluster();
        Thread thread = Thread.currentThread();
        ClassLoader outer = thread.getContextClassLoader();
        try (URLClassLoader loader = new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader())) {
            thread.setContextClassLoader(loader);
            Class<?> application = loader.loadClass(Application.class.getName());
            assertThat(application.getClassLoader()).isSameAs(loader);
            Object writable = application
                    .getMethod("run", String.class, String.class, String.class)
                    .invoke(null, url, cluster.user(), cluster.password());
            assertThat(writable).isEqualTo(true);
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
            // As a container does; a driver registers itself when it is loaded.
            for (Driver driver : Collections.list(DriverManager.getDrivers())) {
                if (driver.getClass().getClassLoader() == Application.class.getClassLoader()) {
                    DriverManager.deregisterDriver(driver);
                }
            }
            return writable;
        }
    }
}
