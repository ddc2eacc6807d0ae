package io.github.pgbaton.examples.chaos;

import java.util.ArrayList;
import java.util.List;

/**
 * What a campaign comes to: whether it passed, else by what it failed, which are two things: data that are not what the
 * application was told, and everything else.
 *
 * @param exit 0 passed; 1 the data are wrong, without a guard by just what it prevents; 3 failed otherwise
 * @param text one line for people
 */
public record Verdict(int exit, String text) {
    /** Of a campaign that did not come to its end, too. */
    public static final int OTHERWISE = 3;

    private static final int WRONG_DATA = 1;

    /** With so many changes of leader it is no accident that some transaction was in the middle, and some in its COMMIT. */
    static final int NOT_BY_CHANCE = 10;

    static Verdict of(Course course, Findings found, Terms terms) {
        List<String> wrong = found.wrongData(!terms.synchronous());
        List<String> otherwise = found.otherwise(terms.mayBeUnknown());
        if (course.leaderChanges() < terms.failovers()) {
            otherwise.add("only " + course.leaderChanges() + " leader changes");
        }
        if (terms.failovers() >= NOT_BY_CHANCE) {
            if (found.inDoubt() - found.unknown() < 1) {
                otherwise.add("no commit in doubt was resolved");
            }
            if (found.replayed() < 1) {
                otherwise.add("no transaction was replayed");
            }
        }
        List<String> all = new ArrayList<>(wrong);
        all.addAll(otherwise);
        String under = "%d leader changes in %d faults, %s; %d commits in doubt, %d left so; %d transactions replayed"
                .formatted(
                        course.leaderChanges(),
                        course.faults(),
                        terms.text(),
                        found.inDoubt(),
                        found.unknown(),
                        found.replayed());
        Guard without = terms.without();
        if (without == null) {
            int exit = wrong.isEmpty() ? OTHERWISE : WRONG_DATA;
            return all.isEmpty()
                    ? new Verdict(0, "PASSED, " + under)
                    : new Verdict(exit, "FAILED by " + String.join(", ", all) + "; " + under);
        }
        long shown = without.shown(found);
        if (shown > 0) {
            return new Verdict(
                    WRONG_DATA,
                    "FAILED as it should without the " + without + ", " + without.prevented() + " > 0: "
                            + String.join(", ", all) + "; " + under);
        }
        return all.isEmpty()
                ? new Verdict(0, "PASSED as it should not without the " + without + "; " + under)
                : new Verdict(
                        OTHERWISE,
                        "FAILED by " + String.join(", ", all) + ", and not by " + without.prevented()
                                + " as it should without the " + without + "; " + under);
    }
}
