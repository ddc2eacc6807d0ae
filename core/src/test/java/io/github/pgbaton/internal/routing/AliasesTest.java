package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Role;
import java.util.List;
import org.junit.jupiter.api.Test;

class AliasesTest {
    private static final HostPort PG1 = new HostPort("pg1", 5432);
    private static final HostPort PG2 = new HostPort("pg2", 5432);
    private static final HostPort X = new HostPort("10.0.0.1", 5432);
    private static final HostPort Y = new HostPort("10.0.0.2", 5432);

    private final Aliases aliases = new Aliases();

    private void told(HostPort first, HostPort second) {
        aliases.told(List.of(member("node1", first), member("node2", second)));
    }

    private static Member member(String name, HostPort address) {
        return new Member(name, address, Role.REPLICA, "running");
    }

    @Test
    void nameAndTheAddressBehindItAreOneMember() {
        aliases.add(PG1, X);
        assertThat(aliases.same(PG1, X)).isTrue();
        assertThat(aliases.same(X, PG1)).isTrue();
        assertThat(aliases.same(PG1, Y)).isFalse();
        assertThat(aliases.of(PG1)).containsExactlyInAnyOrder(PG1, X);
    }

    @Test
    void addressThatPassedToAnotherMemberIsNoLongerTheFirsts() {
        told(PG1, PG2);
        aliases.add(PG1, X);
        aliases.add(PG1, Y);
        aliases.add(PG2, X);
        assertThat(aliases.of(PG1)).containsExactlyInAnyOrder(PG1, Y);
        assertThat(aliases.of(PG2)).containsExactlyInAnyOrder(PG2, X);
    }

    @Test
    void twoMembersAreNeverOneWhateverWasLearned() {
        aliases.add(PG1, X);
        aliases.add(PG2, X);
        assertThat(aliases.same(PG1, PG2)).as("as two names of the URL may be").isTrue();
        told(PG1, PG2);
        assertThat(aliases.same(PG1, PG2)).isFalse();
    }

    @Test
    void nameWhoseMemberHasAnotherAddressNowIsNotTheOneThatGotItsOld() {
        told(X, Y);
        aliases.add(PG1, X);
        told(Y, X);
        aliases.add(PG1, Y);
        assertThat(aliases.same(PG1, Y)).isTrue();
        assertThat(aliases.same(PG1, X)).isFalse();
    }

    @Test
    void addressesDifferForCertainOnlyWhereAnotherMemberAnnouncesOneOfThem() {
        told(X, PG2);
        assertThat(aliases.differ(PG1, PG2)).as("of the URL, and never dialled").isFalse();
        aliases.add(PG1, X);
        assertThat(aliases.differ(PG1, PG2)).isTrue();
        assertThat(aliases.differ(PG1, X)).isFalse();
        assertThat(aliases.differ(Y, PG2)).isFalse();
    }

    @Test
    void addressThatTwoMembersAnnounceTellsThemNotApart() {
        aliases.add(PG1, X);
        told(X, X);
        assertThat(aliases.same(PG1, X)).isTrue();
    }
}
