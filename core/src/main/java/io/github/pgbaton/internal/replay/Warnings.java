package io.github.pgbaton.internal.replay;

import java.sql.SQLWarning;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What an application has read of a statement's warnings: a digest and how many; a replay must give the same first ones, and
 * may give more. Not thread-safe.
 */
public final class Warnings {
    private static final long START = 1;

    private long digest = START;
    private int read;

    /**
     * The application was given warnings.
     *
     * @param first of the chain
     * @return whether they go on where those before ended; where not, it had them cleared, and nobody can compare both
     */
    public boolean read(SQLWarning first) {
        boolean goesOn = read == 0;
        long now = START;
        int count = 0;
        for (SQLWarning each = first; each != null; each = each.getNextWarning()) {
            now = add(now, each);
            if (++count == read) {
                goesOn = now == digest;
            }
        }
        digest = now;
        read = count;
        return goesOn;
    }

    /**
     * @param first of the chain that a replay gave
     * @throws ReplayMismatchException where it does not begin with those that were read
     */
    public void verify(@Nullable SQLWarning first) throws ReplayMismatchException {
        long now = START;
        int count = 0;
        for (SQLWarning each = first; each != null && count < read; each = each.getNextWarning()) {
            now = add(now, each);
            count++;
        }
        if (count != read || now != digest) {
            throw new ReplayMismatchException("it gave other warnings than those that were read");
        }
    }

    private static long add(long digest, SQLWarning warning) {
        long state = Digest.add(digest, Objects.requireNonNullElse(warning.getSQLState(), ""));
        return Digest.add(state, Objects.requireNonNullElse(warning.getMessage(), ""));
    }
}
