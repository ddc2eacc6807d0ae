package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.opened;
import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.scripted.Fuzz;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.topology.ClusterSettings;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Leader;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Role;
import io.github.pgbaton.topology.Switchover;
import io.github.pgbaton.topology.Topology;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A source that tells anything at all: names the wrong leader, swaps addresses, forgets and invents. Writes reach the one
 * primary or nobody, and nothing is thrown that is not documented.
 */
@Timeout(120)
class RoutingFuzzTest {
    private static final String SYSTEM = "7";

    static LongStream seeds() {
        return Fuzz.seeds(8);
    }

    /** Who there is: one primary, and three that must not be written to. */
    private record Cast(
            ScriptedPostgres primary, ScriptedPostgres standby, ScriptedPostgres zombie, ScriptedPostgres stranger) {
        List<ScriptedPostgres> all() {
            return List.of(primary, standby, zombie, stranger);
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void noWriteReachesAnybodyButThePrimary(long seed) {
        Fuzz.with(seed, random -> {
            try (Scripts scripts = new Scripts("fuzz")) {
                Cast cast = new Cast(
                        scripts.server().system(SYSTEM).timeline(5),
                        scripts.server().system(SYSTEM).inRecovery(true),
                        scripts.server().system(SYSTEM).timeline(4),
                        scripts.server().system("666").timeline(9));
                ScriptedLeaderSource source = scripts.source(cast.all().toArray(ScriptedPostgres[]::new));
                source.system(SYSTEM).elect("node1");
                BatonDataSource patient = scripts.following("failoverTimeout=20s", "switchoverHold=100ms");
                BatonDataSource following = scripts.following("failoverTimeout=100ms", "switchoverHold=100ms");
                patient.getConnection().close();
                try (Connection kept = opened(following)) {
                    for (int step = 0; step < 40; step++) {
                        if (random.nextInt(5) == 0) {
                            source.degrade("step " + step);
                        } else {
                            source.say(nonsense(random, cast, step));
                        }
                        write(kept, step);
                        try (Connection opened = following.getConnection()) {
                            write(opened, step);
                        } catch (SQLException e) {
                            assertThat(e.getSQLState()).isEqualTo("08001");
                        }
                    }
                    source.elect("node1");
                    try (Connection opened = patient.getConnection()) {
                        run(opened, "INSERT last");
                    }
                }
                assertThat(cast.primary.statements()).contains("INSERT last");
                for (ScriptedPostgres other : List.of(cast.standby, cast.zombie, cast.stranger)) {
                    assertThat(other.statements()).isEmpty();
                }
            }
        });
    }

    private static void write(Connection connection, int step) {
        try {
            run(connection, "INSERT " + step);
        } catch (SQLException e) {
            assertThat(e.getSQLState()).as(e.getMessage()).isIn("08001", "40003");
        }
    }

    private static Topology nonsense(Random random, Cast cast, int step) {
        Map<String, Member> members = new HashMap<>();
        for (int i = 0; i < random.nextInt(6); i++) {
            members.put(name(random), new Member(name(random), address(random, cast), role(random), "running"));
        }
        String leader = random.nextInt(4) == 0 ? null : name(random);
        ClusterSettings settings = new ClusterSettings(
                Duration.ofMillis(1 + random.nextInt(200)),
                Duration.ofMillis(1),
                Duration.ofMillis(1),
                random.nextInt(4) == 0,
                random.nextInt(4) == 0,
                random.nextInt(20) == 0,
                random.nextBoolean());
        return new Topology(
                leader == null ? null : new Leader(leader, random.nextInt()),
                members,
                // Another cluster's identifier, were it a member's, would be the DCS saying that the cluster was made
                // anew.
                pick(random, SYSTEM, SYSTEM, null, "", "70000000000000000000"),
                random.nextInt(3) == 0 ? random.nextInt(Integer.MAX_VALUE) : 5,
                random.nextInt(5) == 0
                        ? new Switchover(pick(random, null, name(random)), name(random), random.nextBoolean())
                        : null,
                settings,
                random.nextInt(3),
                step);
    }

    @SafeVarargs
    private static <T> @Nullable T pick(Random random, @Nullable T... of) {
        return of[random.nextInt(of.length)];
    }

    private static String name(Random random) {
        return random.nextInt(6) == 0 ? "wizard\u0007" : "node" + (1 + random.nextInt(5));
    }

    private static Role role(Random random) {
        return Role.values()[random.nextInt(Role.values().length)];
    }

    private static HostPort address(Random random, Cast cast) {
        return random.nextInt(8) == 0
                ? new HostPort("127.0.0.1", 1)
                : cast.all().get(random.nextInt(4)).address();
    }
}
