package io.github.pgbaton.testkit;

/** This machine or this user cannot produce the fault; the message says what is missing. Nothing was changed. */
public class UnsupportedFaultException extends ClusterException {
    private static final long serialVersionUID = 1L;

    public UnsupportedFaultException(String message) {
        super(message);
    }
}
