package io.github.pgbaton.internal.sql;

import java.util.List;

/** One thing that a statement does to its session or to its transaction, beyond rows; an immutable value. */
public sealed interface Effect {

    /** What a session can hold that no other session can be given. */
    enum Holding {
        TEMPORARY_TABLE("temporary table"),
        /** A function, type or the like in {@code pg_temp}. */
        TEMPORARY_OBJECT("temporary object"),
        CURSOR("cursor WITH HOLD"),
        PREPARED_STATEMENT("prepared statement"),
        ADVISORY_LOCK("session advisory lock"),
        LIBRARY("library loaded with LOAD");

        private final String text;

        Holding(String text) {
            this.text = text;
        }

        /** @return what a message calls it */
        public String text() {
            return text;
        }

        /** @return whether a rollback takes it back */
        public boolean transactional() {
            return this == TEMPORARY_TABLE || this == TEMPORARY_OBJECT || this == CURSOR;
        }
    }

    /**
     * A setting of the session, its role or who it is got a value that outlives the transaction.
     *
     * @param name in lower case
     * @param sql the statement that does it again
     */
    record Set(String name, String sql) implements Effect {}

    /**
     * {@code set_config} was called, which is not local to the transaction unless {@code local} says so.
     *
     * @param name of the setting
     * @param value it got
     * @param local whether for the transaction only; of a value that is not a literal it may be either
     */
    record SetConfig(Operand name, Operand value, Operand local) implements Effect {}

    /** @param name of a setting that has its default again, {@code all} for all of them but role and authorization */
    record Reset(String name) implements Effect {}

    /**
     * @param channel whose notifications come
     * @param sql the statement that does it again
     */
    record Listen(String channel, String sql) implements Effect {}

    /** @param channel whose notifications come no more, {@code *} for all */
    record Unlisten(String channel) implements Effect {}

    /**
     * @param holding what there is now
     * @param name of it; of an advisory lock the arguments
     * @param arguments of an advisory lock, empty for others
     */
    record Made(Holding holding, String name, List<Operand> arguments) implements Effect {}

    /**
     * @param holding what is gone
     * @param name of it, {@code *} for all
     * @param arguments of an advisory lock, empty for others
     */
    record Gone(Holding holding, String name, List<Operand> arguments) implements Effect {}

    /** Everything the session had is gone, as after {@code DISCARD ALL}. */
    record Discarded() implements Effect {}

    /** The transaction begins. */
    record Begin() implements Effect {}

    /** A transaction that was begun READ ONLY may write from here on. */
    record Writable() implements Effect {}

    /** @param chain whether another transaction begins at once */
    record Commit(boolean chain) implements Effect {}

    /** @param chain whether another transaction begins at once */
    record Rollback(boolean chain) implements Effect {}

    /** @param name of a point to go back to */
    record Savepoint(String name) implements Effect {}

    /** @param name of the point that was gone back to */
    record RollbackTo(String name) implements Effect {}

    /** @param name of the point that was merged into what is before it */
    record Release(String name) implements Effect {}

    /** {@code CALL}, {@code DO}, {@code PREPARE TRANSACTION} and its like: may end the transaction, or set anything. */
    record Opaque(String command) implements Effect {}
}
