package io.github.pgbaton.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.examples.demo.Ledger.Tally;
import io.github.pgbaton.examples.demo.Verdict.RouteVerdict;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class VerdictTest {
    private static final Tally NO_ERRORS = new Tally(100, 0, 0, new TreeMap<>());
    private static final Tally ERRORS = new Tally(100, 5, 1, new TreeMap<>(Map.of("08006", 4, "08007", 1)));

    @Test
    void onlyTheRouteThatIsAskedForCounts() {
        Verdict verdict = verdict(route("pgbaton", 12, 0, 0), route("HAProxy", 5_200, 1, 2));

        assertThat(verdict.isClean("pgbaton")).isTrue();
        assertThat(verdict.isClean("HAProxy")).isFalse();
    }

    @Test
    void lostDoubledOrSilentIsNotClean() {
        assertThat(verdict(route("r", 12, 1, 0)).isClean("r")).isFalse();
        assertThat(verdict(route("r", 12, 0, 1)).isClean("r")).isFalse();
        assertThat(verdict(new RouteVerdict("r", Optional.empty(), NO_ERRORS, new Audit(0, 0)))
                        .isClean("r"))
                .isFalse();
    }

    @Test
    void addedIsInMillisecondsBelowASecondAndMayBeNegative() {
        assertThat(ResultTable.added(Optional.of(Duration.ofMillis(12)))).isEqualTo("+12 ms");
        assertThat(ResultTable.added(Optional.of(Duration.ofMillis(-3)))).isEqualTo("-3 ms");
        assertThat(ResultTable.added(Optional.of(Duration.ofMillis(5_240)))).isEqualTo("+5.2 s");
        assertThat(ResultTable.added(Optional.empty())).isEqualTo("never wrote again");
    }

    @Test
    void bothFormsHoldTheSameCells() {
        Verdict verdict = verdict(
                route("pgbaton", 12, 0, 0),
                new RouteVerdict("HAProxy", Optional.of(Duration.ofMillis(5_200)), ERRORS, new Audit(0, 0)));

        assertThat(ResultTable.markdown(verdict)).isEqualTo("""
                        | fault | no member writable | route | added | errors seen | commit unknown | lost | doubled |
                        | --- | --- | --- | --- | --- | --- | --- | --- |
                        | kill | 20.7 s | pgbaton | +12 ms | 0 | 0 | 0 | 0 |
                        | kill | 20.7 s | HAProxy | +5.2 s | 5 (4 x 08006, 1 x 08007) | 1 | 0 | 0 |
                        """);
        assertThat(ResultTable.text(verdict)).isEqualTo("""
                        fault  no member writable  route    added   errors seen               commit unknown  lost  doubled
                        kill   20.7 s              pgbaton  +12 ms  0                         0               0     0
                        kill   20.7 s              HAProxy  +5.2 s  5 (4 x 08006, 1 x 08007)  1               0     0
                        """);
    }

    private static Verdict verdict(RouteVerdict... routes) {
        return new Verdict("kill", Optional.of(Duration.ofMillis(20_700)), List.of(routes));
    }

    private static RouteVerdict route(String name, int addedMillis, int lost, int doubled) {
        return new RouteVerdict(name, Optional.of(Duration.ofMillis(addedMillis)), NO_ERRORS, new Audit(lost, doubled));
    }
}
