package io.github.pgbaton.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;

/** What JMH's annotation processor made of the sources; without it the module compiles and measures nothing. */
class BenchmarkListTest {
    @Test
    void everyBenchmarkIsFoundAndRunsThroughBothDrivers() {
        Set<BenchmarkListEntry> found = BenchmarkList.defaultList()
                .find(
                        OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT),
                        List.of(Overhead.ours("")),
                        List.of());

        assertThat(found.stream().map(BenchmarkListEntry::getUsername)).containsExactlyInAnyOrder(written());
        assertThat(found)
                .allSatisfy(
                        entry -> assertThat(entry.getParams().orElse(Map.of()).get("route"))
                                .containsExactly("PGJDBC", "PGBATON"));
    }

    private static String[] written() {
        return Stream.of(LocalCalls.class, RoundTrips.class, PoolCycle.class)
                .flatMap(type -> Arrays.stream(type.getDeclaredMethods())
                        .filter(method -> method.isAnnotationPresent(Benchmark.class))
                        .map(method -> type.getName() + "." + method.getName()))
                .toArray(String[]::new);
    }
}
