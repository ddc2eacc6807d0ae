package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.Party;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** A cut between two single parts of a cluster, the same whichever is named first. */
record Cut(Party a, Party b) {
    private static Cut of(Party a, Party b) {
        return a.toString().compareTo(b.toString()) <= 0 ? new Cut(a, b) : new Cut(b, a);
    }

    boolean concerns(Party party) {
        return a.equals(party) || b.equals(party);
    }

    /** The other end. */
    Party other(Party party) {
        return a.equals(party) ? b : a;
    }

    /**
     * The cuts between all parts that these two stand for.
     *
     * @throws IllegalArgumentException where this cluster has no such part, or one would be cut from itself
     */
    static Set<Cut> pairs(Settings settings, Party a, Party b) {
        Set<Cut> pairs = new LinkedHashSet<>();
        for (Party one : parts(settings, a)) {
            for (Party other : parts(settings, b)) {
                if (one.equals(other)) {
                    throw new IllegalArgumentException(one + " cannot be cut from itself");
                }
                pairs.add(of(one, other));
            }
        }
        return pairs;
    }

    /** The cuts between this party and everybody else. */
    static Set<Cut> fromAll(Settings settings, Party party) {
        Set<Cut> cuts = pairs(settings, party, Party.client());
        cuts.addAll(pairs(settings, party, Party.allEtcd()));
        if (settings.haproxy()) {
            cuts.addAll(pairs(settings, party, Party.haproxy()));
        }
        for (String member : settings.memberNames()) {
            if (!Party.member(member).equals(party)) {
                cuts.addAll(pairs(settings, party, Party.member(member)));
            }
        }
        return cuts;
    }

    private static List<Party> parts(Settings settings, Party party) {
        return switch (party.kind()) {
            case CLIENT -> List.of(party);
            case MEMBER -> List.of(Party.member(settings.memberName(settings.memberIndex(party.name()))));
            case ETCD ->
                party.name().equals("*")
                        ? IntStream.range(0, settings.etcdMembers())
                                .mapToObj(Party::etcd)
                                .toList()
                        : List.of(Party.etcd(etcdIndex(settings, party)));
            case HAPROXY -> {
                if (!settings.haproxy()) {
                    throw new IllegalArgumentException("this cluster has no HAProxy");
                }
                yield List.of(party);
            }
        };
    }

    static int etcdIndex(Settings settings, Party party) {
        int index = Integer.parseInt(party.name());
        if (index < 0 || index >= settings.etcdMembers()) {
            throw new IllegalArgumentException("no etcd member " + index);
        }
        return index;
    }
}
