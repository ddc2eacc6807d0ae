package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.Truth;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Puts together what one {@link MemberProbe} per member has seen. */
final class ProbingTruth implements Truth, AutoCloseable {
    private final List<MemberProbe> probes;

    private ProbingTruth(List<MemberProbe> probes) {
        this.probes = probes;
    }

    /** Starts probing, and returns when every living member had its turn: {@link #writable} tells the truth at once. */
    static ProbingTruth start(Observer observer, List<String> members) {
        List<MemberProbe> probes = new ArrayList<>();
        ProbingTruth truth = new ProbingTruth(probes);
        for (int i = 0; i < members.size(); i++) {
            probes.add(new MemberProbe(
                    observer, i, members.get(i), () -> truth.writable().isPresent()));
        }
        probes.forEach(MemberProbe::start);
        probes.forEach(probe -> probe.awaitFirstAnswer(Duration.ofSeconds(1)));
        return truth;
    }

    @Override
    public Optional<String> writable() {
        return probes.stream()
                .filter(MemberProbe::isWritable)
                .max(Comparator.comparingLong(MemberProbe::lastAcknowledged))
                .map(MemberProbe::member);
    }

    @Override
    public boolean isWritable(String member) {
        return probe(member).isWritable();
    }

    @Override
    public List<Interval> writableIntervals(String member) {
        return probe(member).intervals();
    }

    @Override
    public List<Outage> outages() {
        return outages(
                probes.stream().flatMap(probe -> probe.intervals().stream()).toList(), System.nanoTime());
    }

    /** The gaps that these intervals leave, in whatever order and overlap they come. */
    static List<Outage> outages(List<Interval> intervals, long now) {
        List<Outage> outages = new ArrayList<>();
        Interval last = null;
        for (Interval next : intervals.stream()
                .sorted(Comparator.comparingLong(Interval::fromNanos))
                .toList()) {
            if (last != null && next.fromNanos() - last.toNanos() > 0) {
                outages.add(outage(last, OptionalLong.of(next.fromNanos()), next.fromNanos(), next.member()));
            }
            if (last == null || next.toNanos() - last.toNanos() > 0) {
                last = next;
            }
        }
        if (last != null && intervals.stream().noneMatch(Interval::open)) {
            outages.add(outage(last, OptionalLong.empty(), now, null));
        }
        return outages;
    }

    private static Outage outage(Interval last, OptionalLong to, long end, @Nullable String next) {
        Duration length = Duration.ofNanos(end - last.toNanos());
        Instant from = last.from().plus(last.length());
        return new Outage(last.toNanos(), to, length, last.member(), Optional.ofNullable(next), from);
    }

    private MemberProbe probe(String member) {
        return probes.stream()
                .filter(probe -> probe.member().equals(member))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no member " + member));
    }

    @Override
    public void close() {
        probes.forEach(MemberProbe::close);
    }
}
