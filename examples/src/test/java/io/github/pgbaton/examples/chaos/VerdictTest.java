package io.github.pgbaton.examples.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.config.CommitMode;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A campaign that failed says by what, and one without a guard is no proof of anything but that guard's worth. */
class VerdictTest {
    private final Course course = new Course();

    private static Findings found(int doubled, int lost, int wrongReads, long balanceOff, long counterOff) {
        return findings(doubled, lost, wrongReads, balanceOff, counterOff, 5, 0, 9, 0);
    }

    private static Findings findings(
            int doubled,
            int lost,
            int wrongReads,
            long balanceOff,
            long counterOff,
            long inDoubt,
            int unknown,
            long replayed,
            int stuck) {
        SortedMap<String, Integer> none = new TreeMap<>();
        return new Findings(
                100,
                doubled,
                lost,
                0,
                wrongReads,
                balanceOff,
                counterOff,
                unknown,
                inDoubt,
                replayed,
                stuck,
                0,
                lost > 0,
                none,
                none);
    }

    private Verdict verdict(Findings found, @Nullable Guard without) {
        return Verdict.of(course, found, new Terms(course.leaderChanges(), 7, true, CommitMode.AUTO, without));
    }

    private Verdict ofMany(Findings found, CommitMode mode) {
        course.went(Havoc.KILL, 1, 1 + Verdict.NOT_BY_CHANCE);
        return Verdict.of(course, found, new Terms(Verdict.NOT_BY_CHANCE, 7, true, mode, null));
    }

    @Test
    void withNothingFoundItPassedAndSaysWhatItWasTriedOn() {
        course.went(Havoc.TWICE, 1, 3);
        course.went(Havoc.STALL, 3, 3);
        Verdict verdict = verdict(found(0, 0, 0, 0, 0), null);
        assertThat(verdict.exit()).isZero();
        assertThat(verdict.text())
                .isEqualTo("PASSED, 2 leader changes in 2 faults, seed 7; 5 commits in doubt, 0 left so; 9 transactions"
                        + " replayed");
        assertThat(course.text()).isEqualTo("2 leader changes (2 twice) in 2 faults (1 twice, 1 stall)");
    }

    @Test
    void wrongDataIsToldFromAThreadThatIsStuck() {
        assertThat(verdict(found(1, 0, 0, 0, 0), null)).satisfies(verdict -> {
            assertThat(verdict.exit()).isEqualTo(1);
            assertThat(verdict.text()).startsWith("FAILED by 1 doubled;");
        });
        assertThat(verdict(findings(0, 0, 0, 0, 0, 5, 0, 9, 1), null)).satisfies(verdict -> {
            assertThat(verdict.exit()).isEqualTo(3);
            assertThat(verdict.text()).startsWith("FAILED by 1 stuck threads;");
        });
    }

    @Test
    void tombstoneIsShownByWhatIsDoubled() {
        assertShown(Guard.TOMBSTONE, found(2, 0, 0, 0, 0));
        assertShown(Guard.TOMBSTONE, found(0, 0, 0, 0, 1));
        assertNotShown(Guard.TOMBSTONE, found(0, 1, 1, 1, -1));
    }

    @Test
    void barrierIsShownByWhatIsLost() {
        assertShown(Guard.BARRIER, found(0, 2, 0, 0, 0));
        assertShown(Guard.BARRIER, found(0, 0, 0, 0, -1));
        assertNotShown(Guard.BARRIER, found(1, 0, 1, 1, 1));
    }

    @Test
    void digestIsShownByWrongReadsAndByMoneyMadeOrGone() {
        assertShown(Guard.DIGEST, found(0, 0, 2, 0, 0));
        assertShown(Guard.DIGEST, found(0, 0, 0, -3, 0));
        assertNotShown(Guard.DIGEST, found(1, 1, 0, 0, 1));
    }

    private void assertShown(Guard guard, Findings found) {
        Verdict verdict = verdict(found, guard);
        assertThat(verdict.exit()).isEqualTo(1);
        assertThat(verdict.text()).startsWith("FAILED as it should without the " + guard + ", " + guard.prevented());
    }

    private void assertNotShown(Guard guard, Findings found) {
        Verdict verdict = verdict(found, guard);
        assertThat(verdict.exit()).isEqualTo(3);
        assertThat(verdict.text()).contains("and not by " + guard.prevented());
    }

    @ParameterizedTest
    @EnumSource
    void stuckThreadShowsNoGuard(Guard guard) {
        assertNotShown(guard, findings(0, 0, 0, 0, 0, 5, 0, 9, 1));
    }

    @ParameterizedTest
    @EnumSource
    void campaignThatPassesWithoutAGuardSaysThatItShouldNot(Guard guard) {
        Verdict verdict = verdict(found(0, 0, 0, 0, 0), guard);
        assertThat(verdict.exit()).isZero();
        assertThat(verdict.text()).startsWith("PASSED as it should not");
    }

    @Test
    void manyFailoversThatMetNoCommitAndNoTransactionTryNothing() {
        assertThat(ofMany(findings(0, 0, 0, 0, 0, 0, 0, 9, 0), CommitMode.AUTO).text())
                .startsWith("FAILED by no commit in doubt was resolved;");
        assertThat(ofMany(findings(0, 0, 0, 0, 0, 5, 0, 0, 0), CommitMode.AUTO).text())
                .startsWith("FAILED by no transaction was replayed;");
    }

    @Test
    void commitsAreLeftInDoubtOnlyWithoutALedgerAndNotAllOfThem() {
        assertThat(ofMany(findings(0, 0, 0, 0, 0, 5, 2, 9, 0), CommitMode.AUTO).text())
                .startsWith("FAILED by 2 commits left in doubt;");
        assertThat(ofMany(findings(0, 0, 0, 0, 0, 5, 2, 9, 0), CommitMode.XID).exit())
                .isZero();
        assertThat(ofMany(findings(0, 0, 0, 0, 0, 5, 5, 9, 0), CommitMode.XID).exit())
                .isEqualTo(3);
    }

    @Test
    void fewerChangesOfLeaderThanWantedAreNoCampaign() {
        course.went(Havoc.TERMINATE, 1, 1);
        Verdict verdict = Verdict.of(course, found(0, 0, 0, 0, 0), new Terms(1, 7, true, CommitMode.AUTO, null));
        assertThat(verdict.exit()).isEqualTo(3);
    }

    @Test
    void whatAsynchronousReplicationLostAndTheDriverToldOfIsNoFault() {
        Terms terms = new Terms(0, 7, false, CommitMode.AUTO, null);
        assertThat(Verdict.of(course, found(0, 1, 0, 0, 0), terms).text()).startsWith("FAILED by 1 lost, more than");
        SortedMap<String, Integer> none = new TreeMap<>();
        Findings told = new Findings(100, 0, 1, 0, 0, 0, -1, 0, 5, 9, 0, 2, false, none, none);
        assertThat(Verdict.of(course, told, terms).exit()).isZero();
    }
}
