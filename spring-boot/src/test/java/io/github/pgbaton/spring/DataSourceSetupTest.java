package io.github.pgbaton.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.hikari.BatonExceptionOverride;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.BeanCreationException;
import org.springframework.boot.autoconfigure.jdbc.DataSourceProperties;

/** What is done to the data sources of an application, and what is left as the application has it. */
class DataSourceSetupTest {
    private static final String OURS = "jdbc:pgbaton:postgresql://pg1,pg2/mydb";

    private static DataSourceProperties inferred(@Nullable String url, @Nullable String driver) {
        DataSourceProperties properties = new DataSourceProperties();
        properties.setUrl(url);
        properties.setDriverClassName(driver);
        new DriverClassInference().postProcessBeforeInitialization(properties, "any");
        return properties;
    }

    private static HikariDataSource setUp(HikariDataSource pool, String url) {
        pool.setJdbcUrl(url);
        return (HikariDataSource) new HikariPoolSetup().postProcessBeforeInitialization(pool, "dataSource");
    }

    @Test
    void driverIsInferredFromOurUrl() {
        assertThat(inferred(OURS, null).determineDriverClassName()).isEqualTo("io.github.pgbaton.BatonDriver");
    }

    @Test
    void driverThatTheApplicationNamesIsKept() {
        assertThat(inferred(OURS, "com.example.Tracing").getDriverClassName()).isEqualTo("com.example.Tracing");
    }

    @Test
    void otherUrlsAreLeftToBoot() {
        assertThat(inferred("jdbc:postgresql://pg1/mydb", null).getDriverClassName())
                .isNull();
        assertThat(inferred(null, null).getDriverClassName()).isNull();
    }

    @Test
    void poolOfOurUrlIsSetUp() {
        try (HikariDataSource pool = setUp(new HikariDataSource(), OURS + "?failoverTimeout=2m")) {
            assertThat(pool.getExceptionOverride()).isInstanceOf(BatonExceptionOverride.class);
            assertThat(pool.getConnectionTimeout()).isGreaterThanOrEqualTo(120_000);
        }
    }

    @Test
    void poolOfAnotherUrlIsLeftAlone() {
        try (HikariDataSource pool = setUp(new HikariDataSource(), "jdbc:postgresql://pg1/mydb")) {
            assertThat(pool.getExceptionOverride()).isNull();
            assertThat(pool.getConnectionTimeout()).isEqualTo(30_000);
        }
    }

    @Test
    void poolWithAnotherDriverInFrontOfOursIsLeftAlone() {
        HikariDataSource tracing = new HikariDataSource();
        tracing.setDriverClassName("org.postgresql.Driver");
        try (HikariDataSource pool = setUp(tracing, OURS)) {
            assertThat(pool.getExceptionOverride()).isNull();
            assertThat(pool.getDataSource()).isNull();
        }
    }

    @Test
    void poolOfAPlainUrlWithTheDriverForItIsSetUp() {
        HikariDataSource plain = new HikariDataSource();
        plain.setDriverClassName("io.github.pgbaton.PostgresUrlDriver");
        try (HikariDataSource pool = setUp(plain, "jdbc:postgresql://pg1,pg2/mydb")) {
            assertThat(pool.getExceptionOverride()).isInstanceOf(BatonExceptionOverride.class);
        }
    }

    @Test
    void poolOfOurDataSourceIsSetUp() {
        HikariDataSource named = new HikariDataSource();
        named.setDataSourceClassName("io.github.pgbaton.BatonDataSource");
        named.addDataSourceProperty("url", OURS);
        HikariDataSource given = new HikariDataSource();
        given.setDataSource(new BatonDataSource(OURS));
        HikariDataSource another = new HikariDataSource();
        another.setDataSourceClassName("org.postgresql.ds.PGSimpleDataSource");
        HikariPoolSetup setup = new HikariPoolSetup();
        try (named;
                given;
                another) {
            setup.postProcessBeforeInitialization(named, "named");
            setup.postProcessBeforeInitialization(given, "given");
            setup.postProcessBeforeInitialization(another, "another");
            assertThat(named.getExceptionOverride()).isInstanceOf(BatonExceptionOverride.class);
            assertThat(given.getExceptionOverride()).isInstanceOf(BatonExceptionOverride.class);
            assertThat(another.getExceptionOverride()).isNull();
        }
    }

    @Test
    void whatTheApplicationHasSetIsKept() {
        HikariDataSource own = new HikariDataSource();
        own.setConnectionTimeout(90_000);
        try (HikariDataSource pool = setUp(own, OURS)) {
            assertThat(pool.getConnectionTimeout()).isEqualTo(90_000);
        }
    }

    @Test
    void urlThatIsNotAcceptedFailsTheStartWithItsReason() {
        try (HikariDataSource pool = new HikariDataSource()) {
            assertThatThrownBy(() -> setUp(pool, OURS + "?failoverTimout=2m"))
                    .isInstanceOf(BeanCreationException.class)
                    .hasMessageContaining("did you mean failoverTimeout?");
        }
    }
}
