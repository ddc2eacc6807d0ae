package io.github.pgbaton.internal.rest;

import io.github.pgbaton.internal.socket.Loop;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * One Patroni REST endpoint; at most one request of ours is with it at any moment, because Patroni has few workers and
 * the leader race needs them too.
 *
 * <p>Confined to the loop; only the blocking call itself runs on a thread of its own.
 */
final class Endpoint {
    private final URI uri;
    private final Loop loop;
    private final ExecutorService calls;
    private final Duration deadline;
    private final Deque<Request> waiting = new ArrayDeque<>();
    private @Nullable Request current;
    private @Nullable InetAddress remote;
    private boolean closed;

    /** What became of a request: exactly one of the two. Both are told on the loop. */
    interface Handler {
        void replied(HttpReply reply, long sentNanos);

        /** @param reason without the endpoint's name */
        void failed(String reason, long sentNanos);
    }

    private final class Request {
        final String path;
        final Handler handler;
        final HttpCall call;
        long sentNanos;
        boolean told;

        @Nullable
        Future<?> timer;

        Request(String path, Handler handler) {
            this.path = path;
            this.handler = handler;
            this.call = new HttpCall(uri, path);
        }

        void fail(String reason) {
            if (!told && !closed) {
                told = true;
                handler.failed(reason, sentNanos);
            }
        }
    }

    Endpoint(URI uri, Loop loop, ExecutorService calls, Duration deadline) {
        this.uri = uri;
        this.loop = loop;
        this.calls = calls;
        this.deadline = deadline;
    }

    URI uri() {
        return uri;
    }

    /** @return the address that answered last, null before the first answer */
    @Nullable
    InetAddress remote() {
        return remote;
    }

    boolean isIdle() {
        return current == null && waiting.isEmpty();
    }

    /** Asks as soon as the endpoint is free; refused, without a word to the handler, where the same question is under way. */
    boolean get(String path, Handler handler) {
        if (closed
                || (current != null && current.path.equals(path))
                || waiting.stream().anyMatch(request -> request.path.equals(path))) {
            return false;
        }
        waiting.add(new Request(path, handler));
        next();
        return true;
    }

    void close() {
        closed = true;
        waiting.clear();
        if (current != null) {
            current.call.abort();
        }
    }

    private void next() {
        Request request = current == null ? waiting.poll() : null;
        if (request == null) {
            return;
        }
        current = request;
        request.sentNanos = System.nanoTime();
        try {
            calls.execute(() -> run(request));
            request.timer = loop.after(deadline, () -> expire(request));
        } catch (RejectedExecutionException | OutOfMemoryError e) {
            // "Unable to create native thread": this request fails, the next may find one. Told later as any other
            // failure is, for whoever asks is not done with noting that he did.
            loop.execute(() -> done(request, null, "cannot be asked: no thread"));
        }
    }

    /**
     * The verdict is told now, but the endpoint stays taken until the thread is back: a name server that hangs cannot be
     * interrupted, and must not get a thread more with every round.
     */
    private void expire(Request request) {
        request.call.abort();
        request.fail("no whole answer within " + deadline.toMillis() + " ms");
    }

    private void run(Request request) {
        HttpReply reply = null;
        String reason = "";
        try {
            reply = request.call.run(deadline);
        } catch (IOException | RuntimeException e) {
            // Resolvers and TLS providers throw unchecked exceptions too; the peer caused them all.
            reason = reason(e);
        } finally {
            HttpReply got = reply;
            String why = reason;
            loop.execute(() -> done(request, got, why));
        }
    }

    private void done(Request request, @Nullable HttpReply reply, String reason) {
        if (request.timer != null) {
            request.timer.cancel(false);
        }
        current = null;
        if (reply == null) {
            request.fail(reason);
        } else if (!request.told && !closed) {
            request.told = true;
            remote = reply.remote();
            request.handler.replied(reply, request.sentNanos);
        }
        next();
    }

    private static String reason(Exception e) {
        String text = e.getMessage() == null || e.getClass() == IOException.class
                ? String.valueOf(e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage())
                : e.getClass().getSimpleName() + ": " + e.getMessage();
        String line = text.replaceAll("[\\s\\p{Cntrl}]+", " ").trim();
        return line.length() > 200 ? line.substring(0, 200) + "..." : line;
    }

    @Override
    public String toString() {
        return uri.toString();
    }
}
