package io.github.pgbaton.internal.outcome;

/**
 * Tells a transaction that may get its id within its own COMMIT from one that has changed nothing; SQL text only.
 *
 * <p>PostgreSQL runs what is left of the query of a cursor {@code WITH HOLD} as the COMMIT begins, and that query may call
 * what writes. Whatever else a COMMIT does on its own account has an id before, or changes nothing that lasts: see
 * docs/transaction-replay.md.
 */
final class HeldCursors {
    /**
     * Whether there is one, however it was declared; also one of an earlier transaction, which only costs an id that was not
     * needed. By the function and not by the view, which would be one more relation to lock.
     */
    static final String EXIST = "EXISTS (SELECT FROM pg_catalog.pg_cursor() AS c WHERE c.is_holdable)";

    private HeldCursors() {}
}
