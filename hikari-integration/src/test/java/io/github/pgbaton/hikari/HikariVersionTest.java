package io.github.pgbaton.hikari;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import org.junit.jupiter.api.Test;

/** The tests run with the version of HikariCP that the build says, or a matrix of versions would be three times the same. */
class HikariVersionTest {

    @Test
    void versionOnTheClassPathIsTheOneMeant() {
        assertThat(Pools.wantedVersion()).isNotNull();
        Pools.checkVersion();
    }

    /** The class name of a credentials provider of 7.1.0 lands in the wrong field, and must not displace our override. */
    @Test
    void overrideSurvivesWhateverElseTheConfigurationNames() {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:pgbaton:postgresql://pg1/app");
        BatonHikari.customize(config);
        HikariConfig copy = new HikariConfig();
        config.copyStateTo(copy);

        assertThat(copy.getExceptionOverride()).isInstanceOf(BatonExceptionOverride.class);
    }
}
