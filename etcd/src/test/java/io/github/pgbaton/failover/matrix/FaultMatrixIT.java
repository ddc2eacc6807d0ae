package io.github.pgbaton.failover.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.github.pgbaton.failover.Clusters;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Each fault of a cluster meets connections in each moment of their life, and each cell is what {@link Matrix} says; no call
 * hangs, every connection works afterwards, and no acknowledged row is lost or there twice.
 */
@Timeout(300)
class FaultMatrixIT {
    private static final Logger LOG = LoggerFactory.getLogger(FaultMatrixIT.class);

    /** What every build meets; the others are for {@code ./run test --full}. */
    private static final Set<Fault> REPRESENTATIVE =
            EnumSet.of(Fault.KILL_MEMBER, Fault.FREEZE, Fault.SWITCHOVER, Fault.CLIENT_MEMBER_PARTITION);

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.quick();

    static Stream<Fault> representative() {
        return REPRESENTATIVE.stream();
    }

    static Stream<Fault> others() {
        return EnumSet.complementOf(EnumSet.copyOf(REPRESENTATIVE)).stream();
    }

    /** The name of the test that a fault is in, for the document. */
    static String methodOf(Matrix matrix, Fault fault) {
        if (matrix == Matrix.WITH_REPLAY) {
            return fault == Fault.KILL_MEMBER ? "everyCellOfAKillHoldsWithReplay" : "everyCellHoldsWithReplay";
        }
        return REPRESENTATIVE.contains(fault) ? "everyCellHolds" : "everyCellOfTheOtherFaultsHolds";
    }

    @ParameterizedTest
    @MethodSource("representative")
    void everyCellHolds(Fault fault) throws Exception {
        everyMoment(fault, Matrix.WITHOUT_REPLAY, Discovery.ETCD);
    }

    @Test
    void everyCellOfAKillHoldsWithReplay() throws Exception {
        everyMoment(Fault.KILL_MEMBER, Matrix.WITH_REPLAY, Discovery.ETCD);
    }

    /** One fault for each way to learn of it; the others are for {@code ./run test --full}. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "ETCD")
    void everyCellOfAKillHoldsWithoutEtcd(Discovery discovery) throws Exception {
        everyMoment(Fault.KILL_MEMBER, Matrix.WITHOUT_REPLAY, discovery);
    }

    @Tag("full")
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "KILL_MEMBER")
    void everyCellHoldsWithReplay(Fault fault) throws Exception {
        everyMoment(fault, Matrix.WITH_REPLAY, Discovery.ETCD);
    }

    @Tag("full")
    @ParameterizedTest
    @MethodSource("others")
    void everyCellOfTheOtherFaultsHolds(Fault fault) throws Exception {
        everyMoment(fault, Matrix.WITHOUT_REPLAY, Discovery.ETCD);
    }

    @Tag("full")
    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"KILL_MEMBER", "COMPACTION_WHILE_DISCONNECTED"})
    void everyCellHoldsWhenPatronisRestTellsTheLeader(Fault fault) throws Exception {
        everyMoment(fault, Matrix.WITHOUT_REPLAY, Discovery.REST);
    }

    /** Without a source nothing tells a zombie from a primary. */
    @Tag("full")
    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"KILL_MEMBER", "ZOMBIE", "COMPACTION_WHILE_DISCONNECTED"})
    void everyCellHoldsWhenTheMembersAreAsked(Fault fault) throws Exception {
        everyMoment(fault, Matrix.WITHOUT_REPLAY, Discovery.MEMBERS);
    }

    private static void everyMoment(Fault fault, Matrix matrix, Discovery discovery) throws Exception {
        String only = System.getProperty("pgbaton.matrix");
        assumeThat(only == null || List.of(only.split(",")).contains(fault.name()))
                .as("-Dpgbaton.matrix leaves %s out", fault)
                .isTrue();
        PatroniCluster cluster = CLUSTER.cluster();
        SoftAssertions softly = new SoftAssertions();
        try (Stage stage = Stage.set(cluster, fault, matrix, discovery)) {
            fault.strike(stage);
            stage.actors().forEach(Actor::wake);
            fault.end(stage);
            Map<Moment, Set<String>> seen = new EnumMap<>(Moment.class);
            for (Actor actor : stage.actors()) {
                softly.assertThatCode(() -> seen.put(actor.moment(), actor.seen()))
                        .as(actor.moment().title())
                        .doesNotThrowAnyException();
            }
            LOG.info("{}, {}, {}: {}", fault, matrix, discovery, seen);
            seen.forEach((moment, states) -> check(softly, matrix.cell(fault, moment), moment, states));
            Audit audit = new Audit();
            for (Actor actor : stage.actors()) {
                softly.assertThatCode(actor::goOn)
                        .as("%s, afterwards", actor.moment().title())
                        .doesNotThrowAnyException();
                actor.testify(audit);
            }
            audit(stage, audit, softly);
        }
        softly.assertAll();
    }

    private static void check(SoftAssertions softly, Set<String> expected, Moment moment, Set<String> states) {
        if (states.isEmpty()) {
            softly.assertThat(expected).as("%s sees nothing", moment.title()).contains(Matrix.NOTHING);
        } else {
            softly.assertThat(expected).as(moment.title()).containsAll(states);
        }
    }

    private static void audit(Stage stage, Audit audit, SoftAssertions softly) throws SQLException {
        try (Connection connection = stage.source().getConnection()) {
            assertThat(stage.cluster().leader()).contains(Sql.memberOf(connection, stage.cluster()));
            audit.check(connection, stage.run(), softly);
        }
    }
}
