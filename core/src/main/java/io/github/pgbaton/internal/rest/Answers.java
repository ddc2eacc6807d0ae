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
    private final Map<Lead, LockProof> proofs = new HashMap<>();
    private final Set<Lead> awaited = new HashSet<>();

    /** Exactly one of word and failure. */
    private record Said(Tally.@Nullable Word word, @Nullable String failure, long atNanos) {}

    Answers(int configured, Duration freshness) {
        this.configured = configured;
        this.freshness = freshness.toNanos();
    }

    /** @param own whether it is the endpoint of the leader that it names */
    void view(Endpoint endpoint, ClusterView view, boolean own) {
        said.remove(endpoint); // so that the newest comes last
        said.put(endpoint, new Said(new Tally.Word(view, own), null, System.nanoTime()));
    }

    void failure(Endpoint endpoint, String reason) {
        said.remove(endpoint);
        said.put(endpoint, new Said(null, reason, System.nanoTime()));
    }

    boolean isAwaited(Lead witness) {
        return awaited.contains(witness);
    }

    void await(Lead witness) {
        awaited.add(witness);
    }

    void proof(Lead witness, LockProof proof) {
        awaited.remove(witness);
        proofs.put(witness, proof);
    }

    /** The usable answers, the newest last. */
    List<Tally.Word> words() {
        forgetTheOld();
        List<Tally.Word> words = new ArrayList<>();
        said.values().forEach(last -> {
            if (last.word() != null) {
                words.add(last.word());
            }
        });
        return words;
    }

    /** The endpoint of the newest usable answer, null where there is none. */
    @Nullable
    Endpoint newest() {
        Endpoint newest = null;
        for (Map.Entry<Endpoint, Said> entry : said.entrySet()) {
            newest = entry.getValue().word() == null ? newest : entry.getKey();
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
        List<Tally.Word> words = words();
        return new Tally(words, configured, said.size() == configured, proofs, awaited, known).decide();
    }

    private void forgetTheOld() {
        long now = System.nanoTime();
        said.values().removeIf(word -> now - word.atNanos() > freshness);
        proofs.values().removeIf(proof -> now - proof.sentNanos() > freshness);
    }
}
