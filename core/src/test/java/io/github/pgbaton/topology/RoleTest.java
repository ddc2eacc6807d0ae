package io.github.pgbaton.topology;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RoleTest {
    @ParameterizedTest
    @CsvSource({
        "master, PRIMARY",
        "primary, PRIMARY",
        "leader, PRIMARY",
        "PRIMARY, PRIMARY",
        "replica, REPLICA",
        "sync_standby, REPLICA",
        "quorum_standby, REPLICA",
        "standby_leader, STANDBY_LEADER",
        "promoted, OTHER",
        "demoted, OTHER",
        "uninitialized, OTHER",
        "'', OTHER",
        "wizard, OTHER"
    })
    void everyWordOfPatroniHasARoleAndUnknownOnesAreNoError(String word, Role role) {
        assertThat(Role.parse(word)).isEqualTo(role);
    }

    @Test
    void noWordIsAnUnknownRole() {
        assertThat(Role.parse(null)).isEqualTo(Role.OTHER);
    }
}
