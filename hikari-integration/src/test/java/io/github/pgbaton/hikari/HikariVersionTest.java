package io.github.pgbaton.hikari;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.lang.module.ModuleDescriptor.Version;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tests run with the version of HikariCP that the build says, or a matrix of versions would be three times the same. */
class HikariVersionTest {
    // Not named by its class: other versions cannot load that.
    private static final String STORE = "io.github.pgbaton.hikari.SecretStore";

    @Test
    void versionOnTheClassPathIsTheOneMeant() {
        assertThat(Pools.wantedVersion()).isNotNull();
        Pools.checkVersion();
    }

    /** The class name of a credentials provider, which 6 has not, lands in the wrong field, and must not displace ours. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void overrideSurvivesWhateverElseTheConfigurationNames(boolean providerFirst) throws Exception {
        Optional<Method> provider = Arrays.stream(HikariConfig.class.getMethods())
                .filter(method -> method.getName().equals("setCredentialsProviderClassName"))
                .findFirst();
        assertThat(provider.isPresent())
                .as("whether this HikariCP knows credentials providers")
                .isEqualTo(Version.parse(version()).compareTo(Version.parse("7.0")) >= 0);
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:pgbaton:postgresql://pg1/app");
        if (providerFirst && provider.isPresent()) {
            provider.get().invoke(config, STORE);
        }
        BatonHikari.customize(config);
        if (!providerFirst && provider.isPresent()) {
            provider.get().invoke(config, STORE);
        }
        HikariConfig copy = new HikariConfig();
        config.copyStateTo(copy);

        assertThat(copy.getExceptionOverride()).isInstanceOf(BatonExceptionOverride.class);
        if (provider.isPresent()) {
            assertThat(HikariConfig.class.getMethod("getCredentialsProvider").invoke(copy))
                    .as("the provider itself")
                    .extracting(set -> set.getClass().getName())
                    .isEqualTo(STORE);
        }
    }

    private static String version() {
        String jar = HikariDataSource.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath();
        return jar.replaceAll(".*/HikariCP-(.*)\\.jar", "$1");
    }
}
