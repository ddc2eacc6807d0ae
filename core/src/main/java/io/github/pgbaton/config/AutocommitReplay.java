package io.github.pgbaton.config;

/** What becomes of a write in autocommit mode whose session breaks while it is under way. */
public enum AutocommitReplay {
    /** The application is told with 40003. */
    OFF,
    /** It runs in a transaction of the driver's own, whose COMMIT is found out, and is run again where it was not committed. */
    ON
}
