package io.github.pgbaton.internal.replay;

/** One thing an application did inside a transaction, in the order it did it. */
public sealed interface Step {

    /**
     * A statement was sent.
     *
     * @param sql its text; parameters are not part of it
     */
    record Execute(String sql) implements Step {}

    /** A batch was sent.
     *
     * @param sql its text, or the first of its texts
     * @param size how many entries it had
     */
    record ExecuteBatch(String sql, int size) implements Step {}

    /** The transaction went back to a savepoint. */
    record RollbackToSavepoint() implements Step {}
}
