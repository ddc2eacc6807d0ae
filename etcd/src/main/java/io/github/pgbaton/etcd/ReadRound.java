package io.github.pgbaton.etcd;

import io.github.pgbaton.internal.socket.Loop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Asks every endpoint the same at once and hands the answers over to the loop; always ends, by the deadline at the latest.
 */
final class ReadRound {

    /** Takes the answers, on the loop. */
    interface Handler {
        /** Takes one answer and says whether it settles the round. */
        boolean answered(Endpoint endpoint, KeyState state);

        /** Every endpoint has answered or failed, or the deadline has passed, and no answer settled it. */
        void unsettled(Set<Endpoint> answered, String failures);
    }

    private final Handler handler;
    private final List<Endpoint> waiting;
    private final Set<Endpoint> answered = new HashSet<>();
    private final List<String> failures = new ArrayList<>();
    private @Nullable Future<?> timer;
    private boolean over;

    private ReadRound(List<Endpoint> endpoints, Handler handler) {
        this.waiting = new ArrayList<>(endpoints);
        this.handler = handler;
    }

    static ReadRound start(
            Loop loop,
            List<Endpoint> endpoints,
            Function<Endpoint, CompletableFuture<KeyState>> call,
            Duration deadline,
            Handler handler) {
        ReadRound round = new ReadRound(endpoints, handler);
        round.timer = loop.after(deadline, () -> round.expire(deadline));
        for (Endpoint endpoint : endpoints) {
            // The callback comes on a gRPC thread, where nothing may block: it only hands over.
            var unused = call.apply(endpoint)
                    .whenComplete((state, failure) -> loop.execute(() -> round.done(endpoint, state, failure)));
        }
        return round;
    }

    /** Forgets the round; its late answers are ignored. */
    void cancel() {
        over = true;
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private void done(Endpoint endpoint, @Nullable KeyState state, @Nullable Throwable failure) {
        if (over || !waiting.remove(endpoint)) {
            return;
        }
        if (state == null) {
            String reason = failure == null ? "no answer" : Reasons.of(failure);
            failures.add(endpoint.name() + ": " + reason);
        } else {
            answered.add(endpoint);
            if (handler.answered(endpoint, state)) {
                cancel();
                return;
            }
        }
        if (waiting.isEmpty() && !over) {
            cancel();
            handler.unsettled(answered, String.join("; ", failures));
        }
    }

    private void expire(Duration deadline) {
        if (over) {
            return;
        }
        cancel();
        failures.add(waiting.stream().map(Endpoint::name).collect(Collectors.joining(",")) + ": no answer within "
                + deadline.toMillis() + " ms");
        handler.unsettled(answered, String.join("; ", failures));
    }
}
