package io.github.pgbaton.benchmarks;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What {@code --check} holds a measurement to: a line for each goal that it missed, in the order in which they were asked. */
public final class Goals {
    /** The command's, where a goal was missed. */
    private static final int MISSED = 1;

    private final String subject;
    private final List<String> missed = new ArrayList<>();

    /**
     * @param subject what was measured, with which each line begins
     */
    public Goals(String subject) {
        this.subject = subject;
    }

    /**
     * @param what was measured
     * @param measured nothing where it never ended
     * @param most the goal
     */
    public void atMost(String what, Optional<Duration> measured, Duration most) {
        if (measured.isEmpty() || measured.get().compareTo(most) > 0) {
            miss(what, measured.map(Goals::millis).orElse("never"), "at most " + millis(most));
        }
    }

    /**
     * @param what was measured
     * @param measured in the unit
     * @param most the goal
     * @param unit empty for a ratio
     */
    public void atMost(String what, double measured, double most, String unit) {
        // Not a number is no goal met.
        if (!(measured <= most)) {
            miss(what, number(measured) + unit, "at most " + number(most) + unit);
        }
    }

    /**
     * @param what was measured
     * @param measured ratio
     * @param least the goal
     */
    public void atLeast(String what, double measured, double least) {
        if (!(measured >= least)) {
            miss(what, number(measured), "at least " + number(least));
        }
    }

    /**
     * @param what was counted
     * @param count which is to be zero
     */
    public void none(String what, int count) {
        if (count != 0) {
            miss(what, Integer.toString(count), "none");
        }
    }

    /**
     * @param line about something that could not be held to a goal
     */
    public void miss(String line) {
        missed.add(subject + ": " + line);
    }

    private void miss(String what, String measured, String goal) {
        miss(what + " " + measured + ", the goal is " + goal);
    }

    /**
     * @return a line each
     */
    public List<String> missed() {
        return List.copyOf(missed);
    }

    /**
     * @param out where the lines go
     * @return the exit code of the command
     */
    public int report(PrintStream out) {
        missed.forEach(line -> out.println("missed: " + line));
        if (missed.isEmpty()) {
            out.println(subject + ": every goal was met");
            return 0;
        }
        return MISSED;
    }

    private static String millis(Duration time) {
        return number(time.toNanos() / 1e6) + " ms";
    }

    /** As many digits as tell a value from its goal, and no zeros behind them. */
    private static String number(double value) {
        return String.format(Locale.ROOT, "%.3f", value).replaceFirst("\\.?0+$", "");
    }
}
