package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.outcome.RecentCommits.Acknowledged;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RecentCommitsTest {
    private final RecentCommits recent = new RecentCommits();

    private static Acknowledged commit(int timeline, long at) {
        return new Acknowledged(UUID.randomUUID(), null, 0, timeline, null, at);
    }

    @Test
    void keepsWhatWasCommittedOnEarlierTimelines() {
        Acknowledged old = commit(1, 1);
        Acknowledged older = commit(2, 2);
        recent.add(0, old);
        recent.add(17, older);
        recent.add(17, commit(3, 3));

        assertThat(recent.before(3)).containsExactlyInAnyOrder(old, older);
        assertThat(recent.before(1)).isEmpty();
        assertThat(recent.mayHaveMadeRoom(old)).isFalse();
        recent.remove(old);
        assertThat(recent.before(3)).containsExactly(older);
    }

    @Test
    void staysBoundedAndKnowsThatOlderOnesMadeRoom() {
        for (int i = 0; i < 3 * RecentCommits.MOST; i++) {
            recent.add(i, commit(1, i));
        }

        assertThat(recent.before(2))
                .hasSize(RecentCommits.MOST)
                .allSatisfy(commit -> assertThat(commit.atMillis()).isGreaterThanOrEqualTo(2 * RecentCommits.MOST));
        assertThat(recent.mayHaveMadeRoom(commit(1, 2 * RecentCommits.MOST))).isTrue();
        assertThat(recent.mayHaveMadeRoom(commit(1, 3 * RecentCommits.MOST)))
                .as("an older one is there still")
                .isFalse();
    }
}
