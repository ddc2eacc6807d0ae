package io.github.pgbaton.compatibility;

/**
 * What an application does with one framework, through its normal interface and with no thought of a failover.
 *
 * @param with the framework or pool
 * @param what it does, as a row of the table says it
 * @param table whose rows with {@code attempt = id} are this attempt's, {@code {id}} in its name for the attempt; null where
 *     there are none
 * @param rows that a complete attempt leaves there
 * @param body the work
 */
record Work(String with, String what, String table, int rows, Body body) {
    /** Throws whatever the framework throws; leaves nothing half done of its own doing. */
    interface Body {
        void run(Attempt attempt) throws Exception;
    }

    @Override
    public String toString() {
        return with + ", " + what;
    }
}
