package io.github.pgbaton.hikari;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.zaxxer.hikari.HikariConfig;
import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.config.ConnectionSpec;
import java.sql.SQLException;
import java.util.Properties;
import org.junit.jupiter.api.Test;

/** What the two pools of a pair are made of, and what of it is the caller's configuration; no pool is started. */
class ReadWriteConfigTest {
    private static final String URL = "jdbc:pgbaton:postgresql://pg1,pg2/app";

    private static HikariConfig config() {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(URL);
        config.setUsername("app");
        config.addDataSourceProperty("ApplicationName", "orders");
        return config;
    }

    private static ConnectionSpec spec(HikariConfig config) throws SQLException {
        return config.getDataSource().unwrap(BatonDataSource.class).spec();
    }

    @Test
    void whatIsSetForTheReplicasIsSetForThemAlone() throws SQLException {
        HikariConfig config = config();
        Properties before = new Properties();
        before.putAll(config.getDataSourceProperties());

        HikariConfig primary = ReadWriteDataSource.forPrimary(config);
        HikariConfig replicas = ReadWriteDataSource.forReplicas(config, own -> {
            own.setMaximumPoolSize(3);
            own.addDataSourceProperty("ApplicationName", "reads");
            own.addDataSourceProperty("maxReplicaLag", "1MiB");
        });

        assertThat(spec(replicas).pgProperties()).containsEntry("ApplicationName", "reads");
        assertThat(spec(replicas).config().maxReplicaLag()).isEqualTo(1L << 20);
        assertThat(replicas.getMaximumPoolSize()).isEqualTo(3);
        assertThat(spec(primary).pgProperties()).containsEntry("ApplicationName", "orders");
        assertThat(spec(primary).config().maxReplicaLag()).isEqualTo(16L << 20);
        assertThat(config.getDataSourceProperties()).isEqualTo(before);
        assertThat(config.getMaximumPoolSize()).isNotEqualTo(3);
        assertThat(config.getDataSource()).isNull();
    }

    @Test
    void replicasMayHaveAUrlOfTheirOwn() throws SQLException {
        HikariConfig replicas =
                ReadWriteDataSource.forReplicas(config(), own -> own.setJdbcUrl(URL + "?failoverTimeout=7s"));

        assertThat(spec(replicas).config().failoverTimeout()).hasSeconds(7);
    }

    @Test
    void poolsAreNamedAfterTheConfigurationUnlessTheReplicasHaveANameOfTheirOwn() {
        HikariConfig named = config();
        named.setPoolName("orders");

        assertThat(ReadWriteDataSource.forPrimary(config()).getPoolName()).isEqualTo("pgbaton");
        assertThat(ReadWriteDataSource.forReplicas(config(), own -> {}).getPoolName())
                .isEqualTo("pgbaton-replicas");
        assertThat(ReadWriteDataSource.forPrimary(named).getPoolName()).isEqualTo("orders");
        assertThat(ReadWriteDataSource.forReplicas(named, own -> own.setPoolName("reads"))
                        .getPoolName())
                .isEqualTo("reads");
    }

    @Test
    void targetIsThePairsOwn() {
        HikariConfig aimed = config();
        aimed.addDataSourceProperty("target", "any");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ReadWriteDataSource.forPrimary(aimed))
                .withMessageContaining("accepted: a configuration without target");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ReadWriteDataSource.forReplicas(
                        config(), own -> own.addDataSourceProperty("target", "replica")))
                .withMessageContaining("target=replica is set");
    }

    @Test
    void dataSourceOfSomebodyElseIsRefused() {
        HikariConfig given = config();
        given.setDataSource(new BatonDataSource(URL));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ReadWriteDataSource.create(given, own -> {}))
                .withMessageContaining("dataSource is set, and two pools need two");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        ReadWriteDataSource.forReplicas(config(), own -> own.setDataSource(new BatonDataSource(URL))))
                .withMessageContaining("dataSource is set for the replicas");
    }
}
