package io.github.pgbaton.internal.rest;

import io.github.pgbaton.topology.ClusterSettings;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How long this source waits for what; no wait is without an end, and none is the same twice, so that a thousand clients
 * do not ask in step.
 *
 * @param deadline of one request, from the name's resolution to the last byte of the body
 * @param fastLeast between two rounds while the leader is in doubt
 * @param fastMost between two rounds while the leader is in doubt
 * @param leaderlessMost between two questions while nobody leads, however long that lasts
 * @param calmMost between two questions while somebody does
 */
record Timing(Duration deadline, Duration fastLeast, Duration fastMost, Duration leaderlessMost, Duration calmMost) {

    static final Timing DEFAULT = new Timing(
            Duration.ofMillis(1500),
            Duration.ofMillis(250),
            Duration.ofMillis(500),
            Duration.ofSeconds(1),
            Duration.ofSeconds(10));

    Duration untilNextRound() {
        return between(fastLeast, fastMost);
    }

    /** A third of the ttl: a leader change that no session notices is known well before the old leader's key would expire. */
    Duration untilNextQuestion(ClusterSettings settings) {
        return upTo(shorter(settings.ttl().dividedBy(3), calmMost));
    }

    /** Callers wait for a leader, and yet one question is enough: who sees one asks everybody. */
    Duration untilNextQuestionWithoutLeader(ClusterSettings settings) {
        return shorter(upTo(leaderlessMost), untilNextQuestion(settings));
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private static Duration upTo(Duration most) {
        return between(most.multipliedBy(4).dividedBy(5), most);
    }

    /** How old an answer may be to count in a decision. */
    Duration freshness() {
        return deadline.multipliedBy(2);
    }

    private static Duration between(Duration least, Duration most) {
        return Duration.ofNanos(ThreadLocalRandom.current().nextLong(least.toNanos(), most.toNanos() + 1));
    }
}
