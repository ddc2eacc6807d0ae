package io.github.pgbaton.config;

/** How it is found out whether a COMMIT that was cut off took effect; {@code commitOutcome} in the URL. */
public enum CommitMode {
    /** By the ledger where it is usable; otherwise by the transaction id. */
    AUTO,
    /** By the ledger, and a database whose ledger is not usable is refused. */
    LEDGER,
    /** By the transaction id, which costs a round trip before a COMMIT, and tells less. */
    XID,
    /** Not at all: such a COMMIT is reported as 08007. */
    NONE
}
