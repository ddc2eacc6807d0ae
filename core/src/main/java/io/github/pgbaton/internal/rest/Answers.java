package io.github.pgbaton.internal.rest;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The last word of every endpoint and of every named leader; what is older than the freshness counts as never said. Confined to the loop. */
final class Answers {
    private final int configured;
    private final long freshness;
    private final Map<Endpoint, Said> said = new LinkedHashMap<>();
    private final Map<String, LockProof> proofs = new HashMap<>();
    private final Set<String> awaited = new HashSet<>();

    /** Exactly one of view and failure. */
    private record Said(
            @Nullable ClusterView view, @Nullable String failure, long atNanos) {}

    Answers(int configured, Duration freshness) {
        this.configured = configured;
        this.freshness = freshness.toNanos();
    }

    void view(Endpoint endpoint, ClusterView view) {
        said.remove(endpoint); // so that the newest comes last
        said.put(endpoint, new Said(view, null, System.nanoTime()));
    }

    void failure(Endpoint endpoint, String reason) {
        said.remove(endpoint);
        said.put(endpoint, new Said(null, reason, System.nanoTime()));
    }

    boolean isAwaited(String leader) {
        return awaited.contains(leader);
    }

    void await(String leader) {
        awaited.add(leader);
    }

    void proof(String leader, LockProof proof) {
        awaited.remove(leader);
        proofs.put(leader, proof);
    }

    /** The usable answers, the newest last. */
    List<ClusterView> views() {
        forgetTheOld();
        List<ClusterView> views = new ArrayList<>();
        said.values().forEach(word -> {
            if (word.view() != null) {
                views.add(word.view());
            }
        });
        return views;
    }

    /** The endpoint of the newest usable answer, null where there is none. */
    @Nullable
    Endpoint newest() {
        Endpoint newest = null;
        for (Map.Entry<Endpoint, Said> entry : said.entrySet()) {
            newest = entry.getValue().view() == null ? newest : entry.getKey();
        }
        return newest;
    }

    /** Null: some endpoint answered, or may still do so; else how each of them failed. */
    @Nullable
    String silence() {
        forgetTheOld();
        StringBuilder failures = new StringBuilder();
        for (Map.Entry<Endpoint, Said> entry : said.entrySet()) {
            if (entry.getValue().failure() == null) {
                return null;
            }
            failures.append(failures.length() == 0 ? "" : "; ")
                    .append(entry.getKey())
                    .append(": ")
                    .append(entry.getValue().failure());
        }
        return said.size() < configured ? null : failures.toString();
    }

    Tally.@Nullable Decision weigh(Tally.Known known) {
        List<ClusterView> views = views();
        return new Tally(views, configured, said.size() == configured, proofs, awaited, known).decide();
    }

    private void forgetTheOld() {
        long now = System.nanoTime();
        said.values().removeIf(word -> now - word.atNanos() > freshness);
        proofs.values().removeIf(proof -> now - proof.sentNanos() > freshness);
    }
}
