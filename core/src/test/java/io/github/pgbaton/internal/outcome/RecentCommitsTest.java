package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.outcome.RecentCommits.Acknowledged;
import io.github.pgbaton.internal.outcome.RecentCommits.Span;
import io.github.pgbaton.topology.HostPort;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RecentCommitsTest {
    private final RecentCommits recent = new RecentCommits();

    private static Acknowledged commit(int timeline, long at) {
        return new Acknowledged(UUID.randomUUID(), null, 0, timeline, null, at, null);
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
    void knowsWhatWasSentAfterAnAnswerOnASessionThatWasOpenBefore() {
        HostPort member = HostPort.parse("pg1", 5432);
        Told told = new Told(member, 2, 1000);
        UUID second = sent(member, 2, 999, 1002);
        UUID first = sent(member, 2, -5, 1001);
        sent(member, 2, 999, 1000);
        sent(member, 2, 1000, 1003);
        sent(member, 3, 999, 1001);
        sent(HostPort.parse("pg2", 5432), 2, 999, 1001);
        recent.add(3, commit(2, 1));

        assertThat(recent.after(told, 10)).containsExactly(first, second);
        assertThat(recent.after(told, 1)).containsExactly(first);
    }

    private UUID sent(HostPort member, int timeline, long open, long sent) {
        UUID token = UUID.randomUUID();
        recent.add(open < 0 ? 1 : 2, new Acknowledged(token, null, 0, timeline, null, 7, new Span(member, open, sent)));
        return token;
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
