package io.github.pgbaton.testkit.internal;

/** One part of the cluster that is started and broken as a whole: a member, an etcd member, the proxy. */
interface Unit {
    /** Starts it, unless it runs; returns whether it had to. */
    boolean start();

    /** Whether its main process is alive, be it frozen. */
    boolean isRunning();

    /** Kills all of it and returns when its main process has ended. */
    void kill();

    void killPostgres();

    /** Stops every process where it stands. */
    void freeze();

    /** Stops Patroni alone. */
    void freezePatroni();

    /** Lets all go on; returns whether any stood. */
    boolean resume();

    /** Whether any of it stands still. */
    boolean hasStopped();

    /** The end of what it wrote, for messages. */
    String logTail();
}
