package io.github.pgbaton.internal.replay;

/** Digests of the update counts of a batch; stateless. */
public final class Counts {
    private Counts() {}

    /**
     * @param counts of a batch
     * @return their digest
     */
    public static long digest(int[] counts) {
        long digest = counts.length;
        for (int count : counts) {
            digest = Digest.add(digest, count);
        }
        return digest;
    }

    /**
     * @param counts of a batch
     * @return their digest, the same as for the same numbers in an {@code int[]}
     */
    public static long digest(long[] counts) {
        long digest = counts.length;
        for (long count : counts) {
            digest = Digest.add(digest, count);
        }
        return digest;
    }
}
