package io.github.pgbaton.hikari;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.io.IOException;
import java.io.Writer;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Properties;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The cluster these tests share, and pools on it as an application configures them: from a properties file. */
final class Pools {
    private Pools() {}

    /** The two ways HikariCP offers to name a driver, and where the user may stand. */
    enum Way {
        JDBC_URL {
            @Override
            void describe(PatroniCluster cluster, Properties file) {
                file.setProperty("jdbcUrl", url(cluster));
                file.setProperty("username", cluster.user());
                file.setProperty("password", cluster.password());
            }
        },
        /** As where only the password is kept apart. */
        JDBC_URL_WITH_USER {
            @Override
            void describe(PatroniCluster cluster, Properties file) {
                file.setProperty("jdbcUrl", url(cluster) + "&user=" + cluster.user());
                file.setProperty("password", cluster.password());
            }
        },
        DATA_SOURCE {
            @Override
            void describe(PatroniCluster cluster, Properties file) {
                file.setProperty("dataSourceClassName", "io.github.pgbaton.BatonDataSource");
                file.setProperty("dataSource.url", url(cluster));
                file.setProperty("dataSource.user", cluster.user());
                file.setProperty("dataSource.password", cluster.password());
            }
        };

        abstract void describe(PatroniCluster cluster, Properties file);
    }

    /** Which HikariCP the build says that these tests run with; null where it says nothing, as in an IDE. */
    static @Nullable String wantedVersion() {
        return System.getProperty("pgbaton.hikari.version");
    }

    /** A matrix of versions would else be three times the same. */
    static void checkVersion() {
        String jar = HikariDataSource.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath();
        String wanted = wantedVersion();
        if (wanted != null && !jar.endsWith("/HikariCP-" + wanted + ".jar")) {
            throw new AssertionError("HikariCP " + wanted + " was meant, and this is " + jar);
        }
    }

    /** Fails over in seconds rather than half a minute; one cluster for all classes that ask for it. */
    static PatroniClusterExtension quick() {
        checkVersion();
        return PatroniClusterExtension.local(builder -> builder.ttl(Duration.ofSeconds(10))
                .loopWait(Duration.ofSeconds(1))
                .retryTimeout(Duration.ofSeconds(3))
                .etcdMembers(3));
    }

    static String url(PatroniCluster cluster) {
        String etcd = cluster.etcd().stream().map(URI::toString).collect(Collectors.joining(","));
        return "jdbc:pgbaton:postgresql://" + cluster.seeds() + "/" + cluster.database() + "?etcd=" + etcd + "&scope="
                + cluster.scope() + "&namespace=" + cluster.namespace();
    }

    /**
     * Plain HikariCP.
     *
     * @param more of HikariCP's properties, as {@code name=value}
     */
    static HikariDataSource pool(Path directory, Way way, PatroniCluster cluster, String... more) throws IOException {
        String[] all = Arrays.copyOf(more, more.length + 1);
        all[more.length] = "exceptionOverrideClassName=io.github.pgbaton.hikari.BatonExceptionOverride";
        return new HikariDataSource(config(directory, way, cluster, all));
    }

    /** @param more of HikariCP's properties, as {@code name=value} */
    static HikariConfig config(Path directory, Way way, PatroniCluster cluster, String... more) throws IOException {
        Properties file = new Properties();
        way.describe(cluster, file);
        file.setProperty("poolName", "pool");
        // HikariCP's default of 30 s is shorter than many a failover.
        file.setProperty("connectionTimeout", "90000");
        for (String property : more) {
            int equals = property.indexOf('=');
            file.setProperty(property.substring(0, equals), property.substring(equals + 1));
        }
        Path path = Files.createTempFile(directory, "hikari", ".properties");
        try (Writer out = Files.newBufferedWriter(path)) {
            file.store(out, null);
        }
        return new HikariConfig(path.toString());
    }
}
