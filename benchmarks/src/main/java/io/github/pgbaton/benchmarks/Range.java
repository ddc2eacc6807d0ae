package io.github.pgbaton.benchmarks;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** What the value of an option may be. */
public final class Range {
    private Range() {}

    /**
     * @param spec of the command, which picocli has set by the time a command runs
     * @param option its name
     * @param value given
     * @param least accepted
     * @param most accepted
     */
    public static void check(@Nullable CommandSpec spec, String option, int value, int least, int most) {
        if (spec == null) {
            throw new IllegalStateException("picocli sets it");
        }
        if (value < least || value > most) {
            throw new ParameterException(
                    spec.commandLine(), option + " accepts " + least + " to " + most + ", not " + value);
        }
    }
}
