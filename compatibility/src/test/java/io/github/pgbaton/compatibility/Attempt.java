package io.github.pgbaton.compatibility;

/** One run of a piece of work: what tells its rows from those of another run, and the moment in which the cluster breaks. */
interface Attempt {
    /** A word for names and rows. */
    String id();

    /** Called once, in the middle of the work; returns when the fault has happened. */
    void middle();
}
