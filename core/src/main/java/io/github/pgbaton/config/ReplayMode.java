package io.github.pgbaton.config;

/** What becomes of a transaction whose session breaks before its COMMIT. */
public enum ReplayMode {
    /** It is run again on the new primary, and every result that the application has seen is compared. */
    VERIFIED,
    /** The application is told with 40001, and runs it again itself. */
    OFF
}
