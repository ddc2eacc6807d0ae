package io.github.pgbaton.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PgParametersTest {
    @ParameterizedTest
    @CsvSource({
        "applicationName, ApplicationName",
        "SCOPE, scope",
        "failoverTimout, failoverTimeout",
        "failoverTimeouts, failoverTimeout",
        "etcdPasswd, etcdPassword",
        "patronis, patroni",
        "connectTimout, connectTimeout",
        "etc, etcd",
        "usr, user"
    })
    void nearestIsTheNameProbablyMeant(String name, String meant) {
        assertThat(PgParameters.nearest(name)).hasValue(meant);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "useUnicode", "serverTimezone", "rewriteEverything"})
    void nothingIsSuggestedThatDoesNotResembleIt(String name) {
        assertThat(PgParameters.nearest(name)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"'', '', 0", "a, '', 1", "'', abc, 3", "abc, abc, 0", "abc, abd, 1", "kitten, sitting, 3"})
    void distanceCountsTheLettersToChange(String a, String b, int distance) {
        assertThat(PgParameters.distance(a, b)).isEqualTo(distance);
        assertThat(PgParameters.distance(b, a)).isEqualTo(distance);
    }

    @Test
    void membersAsParametersAreNeverSuggested() {
        assertThat(PgParameters.nearest("PGHOSTS")).isEmpty();
    }
}
