package io.github.pgbaton.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.DriverPropertyInfo;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGProperty;

class BatonPropertyTest {
    @ParameterizedTest
    @EnumSource
    void nameClashesWithNoneOfPgJdbcs(BatonProperty property) {
        Set<String> taken = Arrays.stream(PGProperty.values())
                .map(p -> p.getName().toLowerCase(Locale.ROOT))
                .collect(Collectors.toSet());

        assertThat(taken).isNotEmpty().doesNotContain(property.key().toLowerCase(Locale.ROOT));
        assertThat(PgParameters.DATABASE).doesNotContain(property.key());
        assertThat(PgParameters.ADDRESS).doesNotContain(property.key());
    }

    @ParameterizedTest
    @EnumSource
    void poolsCanTellASecretByItsName(BatonProperty property) {
        assertThat(property.kind() == BatonProperty.Kind.SECRET)
                .isEqualTo(property.key().endsWith("Password"));
    }

    @ParameterizedTest
    @EnumSource
    void nameIsFoundAgainInItsOwnCaseOnly(BatonProperty property) {
        assertThat(BatonProperty.of(property.key())).isEqualTo(property);
        assertThat(BatonProperty.of(property.key().toUpperCase(Locale.ROOT))).isNull();
    }

    @ParameterizedTest
    @EnumSource
    void textIsOneSentenceForATableCell(BatonProperty property) {
        assertThat(property.text()).isNotBlank().doesNotContain("\n", "|").doesNotEndWith(".");
        assertThat(property.accepts()).isNotBlank().doesNotContain("\n", "|", "null");
    }

    @Test
    void everyDefaultAndBothEndsOfEachRangeAreAccepted() {
        for (BatonProperty property : BatonProperty.values()) {
            for (String value : Arrays.asList(property.defaultText(), property.least(), property.most())) {
                if (value != null) {
                    assertThat(BatonConfig.builder()
                                    .set(BatonProperty.PATRONI, "http://p1")
                                    .set(property, value)
                                    .build())
                            .isNotNull();
                }
            }
        }
    }

    @Test
    void driverPropertyInfoTellsTheValueInEffectButNoSecret() throws Exception {
        Properties info = new Properties();
        info.setProperty("scope", "fromInfo");
        info.setProperty("etcdUser", "root");
        info.setProperty("etcdPassword", "hunter2");
        JdbcUrl url = JdbcUrl.parse("jdbc:pgbaton:postgresql://pg1/db?scope=fromUrl&etcdPassword=hunter3");

        List<DriverPropertyInfo> described = BatonProperty.driverPropertyInfo(url, info);

        assertThat(described).hasSameSizeAs(BatonProperty.values());
        assertThat(value(described, "scope")).isEqualTo("fromUrl");
        assertThat(value(described, "etcdUser")).isEqualTo("root");
        assertThat(value(described, "namespace")).isEqualTo("/service");
        assertThat(value(described, "etcdPassword")).isEqualTo("null");
        assertThat(described).allSatisfy(p -> {
            assertThat(p.required).isFalse();
            assertThat(p.description).isNotBlank().doesNotContain("`");
        });
    }

    @Test
    void driverPropertyInfoNeedsNeitherUrlNorProperties() {
        assertThat(value(BatonProperty.driverPropertyInfo(null, null), "failoverTimeout"))
                .isEqualTo("60s");
    }

    private static String value(List<DriverPropertyInfo> described, String name) {
        return described.stream()
                .filter(p -> p.name.equals(name))
                .map(p -> String.valueOf(p.value))
                .collect(Collectors.joining());
    }
}
