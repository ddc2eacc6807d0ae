package io.github.pgbaton.internal.rest;

import io.github.pgbaton.internal.rest.Json.BadAnswer;
import io.github.pgbaton.internal.socket.Loop;
import io.github.pgbaton.topology.ClusterSettings;
import io.github.pgbaton.topology.Role;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides when to ask whom: calm, one question now and then; in doubt, every endpoint and the named leader itself a few
 * times a second, for a bounded time. While nobody leads, calm is one question a second.
 *
 * <p>Calm ends with a suspicion, an answer that differs from what is known, an endpoint that stops answering, or the
 * hour of a scheduled switchover; it returns once the leader itself has said, after the last suspicion, that it holds
 * the lock and runs. Confined to the loop.
 */
final class Poller {
    private static final Logger LOG = LoggerFactory.getLogger(Poller.class);

    private final Loop loop;
    private final List<Endpoint> endpoints;
    private final Locator locator;
    private final @Nullable String scope;
    private final Timing timing;
    private final Publisher publisher;
    private final Facts facts;
    private final Answers answers;
    private final SwitchoverPlan plan;
    private final Set<Lead> askedInRound = new HashSet<>();
    private final Set<Endpoint> failing = new HashSet<>();

    private boolean closed;
    private boolean fast;
    private long suspectedAt;
    private long fastUntil;
    private long closeLookAt = System.nanoTime() - Duration.ofHours(1).toNanos();
    private long round;
    private long factsRound = -1;
    private int first;
    private @Nullable Future<?> timer;

    Poller(
            Loop loop,
            List<Endpoint> endpoints,
            Locator locator,
            @Nullable String scope,
            Timing timing,
            Publisher publisher) {
        this.loop = loop;
        this.endpoints = endpoints;
        this.locator = locator;
        this.scope = scope;
        this.timing = timing;
        this.publisher = publisher;
        this.facts = new Facts(publisher, this::retime);
        this.answers = new Answers(endpoints.size(), timing.freshness());
        this.plan = new SwitchoverPlan(loop, () -> suspect("a scheduled switchover is due"));
        // Each client begins elsewhere, or the first endpoint of everybody's URL would carry all of them.
        this.first = ThreadLocalRandom.current().nextInt(endpoints.size());
    }

    /** Looks closely, at once unless it does already, and until the leader is confirmed or a failover had its time. */
    void suspect(String why) {
        if (closed) {
            return;
        }
        ClusterSettings settings = publisher.settings();
        suspectedAt = System.nanoTime();
        fastUntil = suspectedAt + settings.ttl().plus(settings.loopWait()).toNanos();
        if (!fast) {
            LOG.debug("looking closely: {}", why);
            fast = true;
            long sinceLast = suspectedAt - closeLookAt;
            next(Duration.ofNanos(Math.max(0, timing.fastLeast().toNanos() - sinceLast)));
        }
    }

    void close() {
        closed = true;
        stopTimer();
        plan.cancel();
        endpoints.forEach(Endpoint::close);
        locator.close();
    }

    private void next(Duration delay) {
        stopTimer();
        timer = loop.after(delay, this::turn);
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private void turn() {
        if (closed) {
            return;
        }
        round++;
        askedInRound.clear();
        long now = System.nanoTime();
        if (fast && now - fastUntil > 0) {
            LOG.debug("no confirmation, looking seldom again");
            fast = false;
        }
        if (fast) {
            closeLookAt = now;
            next(timing.untilNextRound());
            for (Endpoint endpoint : endpoints) {
                if (endpoint.isIdle()) {
                    endpoint.get("/cluster", new ClusterAnswer(endpoint, () -> {}));
                }
            }
        } else {
            // Those that failed come last and are asked only where all others fail too.
            List<Endpoint> order = new ArrayList<>();
            first = (first + 1) % endpoints.size();
            order.addAll(endpoints.subList(first, endpoints.size()));
            order.addAll(endpoints.subList(0, first));
            order.sort(Comparator.comparing(failing::contains));
            askInTurn(order, 0, round);
        }
    }

    /** One question, to the first that answers. */
    private void askInTurn(List<Endpoint> order, int index, long ofRound) {
        if (closed || fast || round != ofRound) {
            return;
        }
        if (index >= order.size()) {
            calm(); // nobody answered, which the last failure has reported
            return;
        }
        Endpoint endpoint = order.get(index);
        if (!endpoint.get("/cluster", new ClusterAnswer(endpoint, () -> askInTurn(order, index + 1, ofRound)))) {
            askInTurn(order, index + 1, ofRound);
        }
    }

    private void calm() {
        fast = false;
        ClusterSettings settings = publisher.settings();
        // An election may take longer than any close look: callers that wait for its end must not wait for a calm one.
        boolean leaderless = publisher.view() != null && publisher.known().leader() == null;
        next(leaderless ? timing.untilNextQuestionWithoutLeader(settings) : timing.untilNextQuestion(settings));
    }

    /** The interval follows from the ttl. */
    private void retime() {
        if (!fast && !closed) {
            calm();
        }
    }

    private final class ClusterAnswer implements Endpoint.Handler {
        private final Endpoint endpoint;
        private final Runnable otherwise;

        ClusterAnswer(Endpoint endpoint, Runnable otherwise) {
            this.endpoint = endpoint;
            this.otherwise = otherwise;
        }

        @Override
        public void replied(HttpReply reply, long sentNanos) {
            // A member that cannot serve says 503 and tells what it knows of the cluster all the same.
            if (reply.status() != 200 && reply.status() != 503) {
                failed("status " + reply.status(), sentNanos);
                return;
            }
            ClusterView view;
            try {
                view = PatroniJson.cluster(reply.body());
            } catch (BadAnswer e) {
                failed("status " + reply.status() + ", " + e.getMessage(), sentNanos);
                return;
            }
            if (scope != null && view.scope() != null && !scope.equals(view.scope())) {
                failed("belongs to the cluster " + view.scope() + ", not " + scope, sentNanos);
                return;
            }
            failing.remove(endpoint);
            answers.view(endpoint, view, locator.leader(view) == endpoint);
            answered(endpoint, view);
        }

        @Override
        public void failed(String reason, long sentNanos) {
            answers.failure(endpoint, reason);
            if (failing.add(endpoint)) {
                suspect(endpoint + " " + reason);
            }
            judge();
            otherwise.run();
        }
    }

    private void answered(Endpoint endpoint, ClusterView view) {
        boolean expected = publisher.view() != null
                && Objects.equals(view.lead(), publisher.known().lead());
        if (!fast && expected && !publisher.isDegraded()) {
            publisher.decided(new Tally.Decision(view, null, false));
            plan.update(view.switchoverAt());
            askFacts();
            calm();
            return;
        }
        if (!fast) {
            suspect(endpoint + " tells something new");
        }
        judge();
    }

    /** Weighs everything that is known now. */
    private void judge() {
        if (!fast) {
            return;
        }
        String silence = answers.silence();
        if (silence != null) {
            publisher.degraded(silence);
            return;
        }
        answers.words().forEach(word -> askLeader(word.view()));
        Tally.Decision decision = answers.weigh(publisher.known());
        if (decision == null) {
            return;
        }
        if (publisher.decided(decision)) {
            LOG.debug("leader {}", decision.leader());
            facts.forget();
            factsRound = -1;
        }
        plan.update(decision.view().switchoverAt());
        LockProof proof = decision.proof();
        boolean confirmed = decision.confirmed() && proof != null && proof.sentNanos() - suspectedAt >= 0;
        if (confirmed && !plan.isDue(publisher.settings().loopWait().multipliedBy(2))) {
            calm();
        }
        askFacts();
    }

    /** Asks a named leader itself, once per round. */
    private void askLeader(ClusterView view) {
        Lead lead = view.lead();
        Lead witness = lead == null ? null : lead.witness();
        if (witness == null || answers.isAwaited(witness) || askedInRound.contains(witness)) {
            return;
        }
        Endpoint endpoint = locator.leader(view);
        String path = witness.role() == Role.STANDBY_LEADER ? "/standby-leader" : "/primary";
        if (endpoint != null && endpoint.get(path, new LeaderAnswer(witness))) {
            askedInRound.add(witness);
            answers.await(witness);
        }
    }

    private final class LeaderAnswer implements Endpoint.Handler {
        private final Lead witness;

        LeaderAnswer(Lead witness) {
            this.witness = witness;
        }

        @Override
        public void replied(HttpReply reply, long sentNanos) {
            take(PatroniJson.proof(reply, witness.name(), scope, sentNanos));
        }

        @Override
        public void failed(String reason, long sentNanos) {
            LOG.debug("the leader {} {}", witness.name(), reason);
            take(LockProof.silent(sentNanos));
        }

        private void take(LockProof proof) {
            answers.proof(witness, proof);
            judge();
        }
    }

    private void askFacts() {
        Endpoint endpoint = answers.newest();
        if (endpoint != null && factsRound != round && (factsRound < 0 || !fast)) {
            factsRound = round;
            facts.ask(endpoint);
        }
    }
}
