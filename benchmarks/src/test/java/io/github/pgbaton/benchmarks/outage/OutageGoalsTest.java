package io.github.pgbaton.benchmarks.outage;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.examples.demo.Fault;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What an outage may add, and whose errors count. */
class OutageGoalsTest {
    private static final String WRITERS = "kill through pgbaton: errors of writers 2, the goal is none";

    @Test
    void medianAndWorstHaveEachTheirGoal() {
        assertThat(missed(Fault.KILL, true, added(10, 50, 150))).isEmpty();
        assertThat(missed(Fault.KILL, true, added(10, 51, 151)))
                .containsExactly(
                        "kill through pgbaton: added, median 51 ms, the goal is at most 50 ms",
                        "kill through pgbaton: added, worst 151 ms, the goal is at most 150 ms");
    }

    @Test
    void whoNeverWroteAgainMeetsNoGoal() {
        assertThat(missed(Fault.KILL, true, List.of(route("pgbaton", Optional.empty(), 0, 0, 0, 0))))
                .hasSize(2)
                .allSatisfy(line -> assertThat(line).contains("never"));
    }

    @Test
    void errorsAndHungCallsHaveNoPlace() {
        assertThat(missed(Fault.KILL, true, List.of(route("pgbaton", Optional.of(Duration.ZERO), 2, 3, 4, 5))))
                .containsExactly(
                        WRITERS,
                        "kill through pgbaton: errors of idle connections 3, the goal is none",
                        "kill through pgbaton: errors of connections being opened 4, the goal is none",
                        "kill through pgbaton: hung calls 5, the goal is none");
    }

    @Test
    void withoutReplayOnlyASwitchoverCostsNoWriterAnError() {
        List<RouteResult> route = List.of(route("pgbaton, replay=off", Optional.of(Duration.ZERO), 2, 0, 0, 0));
        assertThat(missed(Fault.KILL, true, route)).containsExactly(WRITERS);
        assertThat(missed(Fault.KILL, false, route)).isEmpty();
        assertThat(missed(Fault.SWITCHOVER, false, route)).hasSize(1);
    }

    @Test
    void otherRoutesHaveNoGoal() {
        OutageRun.Result both = new OutageRun.Result(
                "a kill",
                Duration.ofSeconds(20),
                List.of(
                        route("HAProxy", Optional.empty(), 9, 9, 9, 9),
                        route("pgbaton", Optional.of(Duration.ZERO), 0, 0, 0, 0)));
        assertThat(OutageGoals.of(Fault.KILL, true, List.of(both)).missed()).isEmpty();
    }

    private static List<String> missed(Fault fault, boolean replay, List<RouteResult> runs) {
        return OutageGoals.of(
                        fault,
                        replay,
                        runs.stream()
                                .map(route -> new OutageRun.Result("it", Duration.ofSeconds(20), List.of(route)))
                                .toList())
                .missed();
    }

    private static List<RouteResult> added(long... millis) {
        return Arrays.stream(millis)
                .mapToObj(time -> route("pgbaton", Optional.of(Duration.ofMillis(time)), 0, 0, 0, 0))
                .toList();
    }

    private static RouteResult route(
            String name, Optional<Duration> added, int writers, int idle, int opening, int hung) {
        return new RouteResult(
                name,
                added,
                added,
                added,
                errors(writers),
                new Bystanders.Seen(errors(idle), errors(opening), 0),
                hung);
    }

    private static SortedMap<String, Integer> errors(int count) {
        SortedMap<String, Integer> errors = new TreeMap<>();
        if (count > 0) {
            errors.put("08006", count);
        }
        return errors;
    }
}
