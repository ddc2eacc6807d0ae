package io.github.pgbaton.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs every benchmark through both drivers against a PostgreSQL that it starts, and prints the ratios. */
public final class Overhead {
    private static final String USAGE = """
            usage: Overhead [--quick] [--check] [regular expression of benchmarks]
              --quick   one fork and short measurements: about a minute, and a spread to match
              --check   exit with 1 where getters or a pool's getConnection() and close() miss their goals, and name each
            """;

    private static final String LEGEND = """

            ns: per call, in the fastest iteration; spread: how much slower the middle one was, of the noisier driver;
            B: allocated per call. A difference smaller than the spread says little: run it on an idle machine.
            """;

    private Overhead() {}

    /**
     * @param args see the usage
     * @throws RunnerException where JMH fails
     */
    public static void main(String[] args) throws RunnerException {
        List<String> rest = new ArrayList<>(Arrays.asList(args));
        boolean quick = rest.remove("--quick");
        boolean check = rest.remove("--check");
        if (rest.size() > 1 || rest.stream().anyMatch(arg -> arg.startsWith("-"))) {
            System.err.print(USAGE);
            System.exit(2);
        }
        String include = rest.isEmpty() ? "" : rest.get(0);
        System.out.println(quick ? "quick mode, about a minute" : "full mode, about ten minutes");
        List<Measured> results;
        try (Server server = Server.start()) {
            results = run(options(quick).include(ours(include)).jvmArgsAppend(Route.jvmOptions(server)));
        }
        System.out.printf("%nJava %s%n%n", Runtime.version());
        System.out.print(RatioTable.of(results));
        System.out.print(LEGEND);
        if (check && OverheadGoals.of(results).report(System.err) != 0) {
            System.exit(1);
        }
    }

    static String ours(String include) {
        return Overhead.class.getPackageName().replace(".", "\\.") + "\\..*" + include;
    }

    private static ChainedOptionsBuilder options(boolean quick) {
        ChainedOptionsBuilder options = new OptionsBuilder().verbosity(VerboseMode.SILENT);
        return quick
                ? options.forks(1)
                        .warmupIterations(2)
                        .warmupTime(TimeValue.milliseconds(500))
                        .measurementIterations(20)
                        .measurementTime(TimeValue.milliseconds(80))
                : options.forks(3)
                        .warmupIterations(5)
                        .warmupTime(TimeValue.seconds(1))
                        .measurementIterations(20)
                        .measurementTime(TimeValue.milliseconds(250));
    }

    static List<Measured> run(ChainedOptionsBuilder options) throws RunnerException {
        Collection<RunResult> results = new Runner(options.addProfiler(GCProfiler.class)
                        .shouldFailOnError(true)
                        .build())
                .run();
        return results.stream().map(Measured::of).toList();
    }
}
