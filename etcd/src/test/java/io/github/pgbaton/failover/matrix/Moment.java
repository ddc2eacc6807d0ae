package io.github.pgbaton.failover.matrix;

/** What a connection is doing when the fault comes; the columns of the matrix, in their order. */
enum Moment {
    CONNECTING("connecting", "connections are opened one after another, from before the fault until after it"),
    IDLE_IN_POOL("idle in the pool", "used before, in autocommit; its next call is an INSERT"),
    IDLE_IN_TRANSACTION("idle in a transaction", "has inserted a row; its next call inserts another, then COMMIT"),
    BEGINNING("beginning a transaction", "its first statement, an INSERT, is on its way; then COMMIT"),
    READING("executing a read", "a SELECT in autocommit is on its way"),
    WRITING("executing a write", "an INSERT in autocommit is on its way"),
    READING_IN_TRANSACTION("a read in a transaction", "a SELECT is on its way, after an INSERT; then COMMIT"),
    WRITING_IN_TRANSACTION("a write in a transaction", "an INSERT is on its way, after another; then COMMIT"),
    STREAMING("streaming a result", "rows of a cursor are fetched, after an INSERT; then COMMIT"),
    COMMITTING("committing", "a COMMIT is on its way"),
    SHORT_TRANSACTIONS(
            "short transactions", "INSERT and COMMIT, one after another, from before the fault until after it");

    private final String title;
    private final String meaning;

    Moment(String title, String meaning) {
        this.title = title;
        this.meaning = meaning;
    }

    String title() {
        return title;
    }

    String meaning() {
        return meaning;
    }

    /** Whether its call belongs to a transaction. */
    boolean insideTransaction() {
        return switch (this) {
            case IDLE_IN_TRANSACTION,
                    BEGINNING,
                    READING_IN_TRANSACTION,
                    WRITING_IN_TRANSACTION,
                    STREAMING,
                    COMMITTING,
                    SHORT_TRANSACTIONS -> true;
            case CONNECTING, IDLE_IN_POOL, READING, WRITING -> false;
        };
    }

    /** Whether a call of it waits for the server when the fault comes, held there by the gate. */
    boolean gated() {
        return switch (this) {
            case BEGINNING, READING, WRITING, READING_IN_TRANSACTION, WRITING_IN_TRANSACTION, COMMITTING -> true;
            case CONNECTING, IDLE_IN_POOL, IDLE_IN_TRANSACTION, STREAMING, SHORT_TRANSACTIONS -> false;
        };
    }
}
