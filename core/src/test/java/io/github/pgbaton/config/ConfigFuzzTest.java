package io.github.pgbaton.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.SQLException;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Throws random input at the whole way from a URL to a specification; a seed reproduces a failure. */
class ConfigFuzzTest {
    private static final String SECRET = "hunter2";
    private static final Set<String> STATES = Set.of("08001", "22023");
    private static final String[] PIECES = {
        "jdbc:pgbaton:",
        "postgresql://",
        "pg1",
        ":5432",
        ":",
        ",",
        "/",
        "?",
        "&",
        "=",
        "[::1]",
        "[",
        "]",
        "@",
        "%",
        "%2F",
        "%40",
        "%zz",
        "+",
        " ",
        "\n",
        "\u0000",
        "é",
        "#",
        "\\",
        "\ud800",
        "etcd",
        "patroni",
        "scope",
        "namespace",
        "http://",
        "https://",
        "e1",
        "60s",
        "0",
        "-1",
        "99999999999999999999",
        "failoverTimeout=",
        "probeInterval=",
        "etcdUser=",
        "etcdCaFile=",
        "etcdKeyFile=",
        "targetServerType=",
        "PGHOST",
        "user=",
        "ssl",
        "nope",
        "null",
        "x".repeat(300)
    };
    private static final String[] SECRET_PLACES = {
        "jdbc:pgbaton:postgresql://user:%s@pg1/db",
        "jdbc:pgbaton:postgresql://%s@pg1,pg2/db",
        "jdbc:pgbaton:postgresql://pg1/db?password=%s",
        "jdbc:pgbaton:postgresql://pg1/db?etcdPassword=%s",
        "jdbc:pgbaton:postgresql://pg1/db?etcdUser=u&etcdPassword=%s&ssl",
        "jdbc:pgbaton:postgresql://pg1/db?sslpassword=%s&user=x",
        "jdbc:pgbaton:postgresql:///db?scope=x&etcd=http://root:%s@e1:2379",
        "jdbc:pgbaton:postgresql:///db?patroni=http://p1,https://root:%s@p2"
    };

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void anyTextMakesASpecificationOrAnSqlException(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 2_500; i++) {
            String url = (i % 4 == 0 ? "" : "jdbc:pgbaton:postgresql://") + garbage(random, 12);
            Properties info = new Properties();
            for (BatonProperty property : BatonProperty.values()) {
                if (random.nextInt(6) == 0) {
                    info.setProperty(property.key(), garbage(random, 4));
                }
            }
            attempt(url, info);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void secretSpoiltInAnyWayIsNeverShown(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 2_500; i++) {
            // the secret between garbage that may break the syntax around it; a bare & ends the value by definition
            String value = (garbage(random, 2) + SECRET + garbage(random, 2)).replace("&", "");
            String place = SECRET_PLACES[random.nextInt(SECRET_PLACES.length)];
            attempt(place.replace("%s", value), new Properties());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void secretInPropertiesIsNeverShownWhateverElseIsWrong(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 2_500; i++) {
            Properties info = new Properties();
            info.setProperty("password", SECRET);
            info.setProperty("etcdPassword", SECRET + garbage(random, 2));
            info.setProperty("etcd", "http://" + garbage(random, 2) + SECRET + "@" + garbage(random, 3));
            attempt("jdbc:pgbaton:postgresql://" + garbage(random, 3) + "/" + garbage(random, 3), info);
        }
    }

    private static void attempt(String url, Properties info) {
        try {
            ConnectionSpec spec = ConnectionSpec.parse(url, info);
            assertThat(spec.toString() + spec.config() + spec.config().clusterId() + JdbcUrl.parse(url))
                    .as(url)
                    .doesNotContain(SECRET);
        } catch (SQLException e) {
            StringWriter everything = new StringWriter();
            e.printStackTrace(new PrintWriter(everything));
            assertThat(everything.toString()).as(url).doesNotContain(SECRET);
            assertThat(e.getMessage()).as(url).isNotBlank().doesNotContain("\n").hasSizeLessThan(600);
            assertThat(STATES).as(url).contains(String.valueOf(e.getSQLState()));
        }
    }

    private static String garbage(Random random, int most) {
        StringBuilder text = new StringBuilder();
        for (int pieces = random.nextInt(most + 1); pieces > 0; pieces--) {
            text.append(
                    random.nextInt(5) == 0
                            ? String.valueOf((char) random.nextInt(0x250))
                            : PIECES[random.nextInt(PIECES.length)]);
        }
        return text.toString();
    }
}
