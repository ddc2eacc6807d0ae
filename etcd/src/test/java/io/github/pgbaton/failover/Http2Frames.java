package io.github.pgbaton.failover;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts the HTTP/2 frames that a client sends, by type; gRPC sends every call and every message in one of two types. */
final class Http2Frames implements Forwarder.Tap {
    private static final int PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".length();
    private static final int HEAD = 9;
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int PING = 6;

    private final Map<Integer, AtomicInteger> counts;
    private final byte[] head = new byte[HEAD];
    private int skip = PREFACE;
    private int read;

    /** @param counts of all connections together */
    Http2Frames(Map<Integer, AtomicInteger> counts) {
        this.counts = counts;
    }

    static Map<Integer, AtomicInteger> counts() {
        return new ConcurrentHashMap<>();
    }

    /** Calls begun and messages sent. */
    static int messages(Map<Integer, AtomicInteger> counts) {
        return count(counts, DATA) + count(counts, HEADERS);
    }

    static int pings(Map<Integer, AtomicInteger> counts) {
        return count(counts, PING);
    }

    private static int count(Map<Integer, AtomicInteger> counts, int type) {
        AtomicInteger count = counts.get(type);
        return count == null ? 0 : count.get();
    }

    @Override
    public void sent(byte[] bytes, int length) {
        for (int at = 0; at < length; ) {
            if (skip > 0) {
                int skipped = Math.min(skip, length - at);
                skip -= skipped;
                at += skipped;
                continue;
            }
            head[read++] = bytes[at++];
            if (read == HEAD) {
                read = 0;
                skip = (head[0] & 255) << 16 | (head[1] & 255) << 8 | head[2] & 255;
                counts.computeIfAbsent((int) head[3], type -> new AtomicInteger())
                        .incrementAndGet();
            }
        }
    }
}
