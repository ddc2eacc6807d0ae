package io.github.pgbaton.internal.outcome;

import org.jspecify.annotations.Nullable;

/**
 * The transaction id under which a COMMIT was sent, and what has to be known for PostgreSQL's word about it to count; it
 * was told before the COMMIT was sent.
 *
 * @param number the 64-bit id, decimal
 * @param lsn behind the last record that the transaction had written before its COMMIT, which bears the id: the record of
 *     the COMMIT begins here or later
 * @param timeline the member wrote then
 * @param member its name in Patroni, null where that is not known
 * @param witness a session to the same member that was opened before, null where there was none
 */
public record Xid(
        String number,
        long lsn,
        int timeline,
        @Nullable String member,
        @Nullable Witness witness) {}
