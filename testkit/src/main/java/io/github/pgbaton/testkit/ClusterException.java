package io.github.pgbaton.testkit;

import org.jspecify.annotations.Nullable;

/** The cluster did not do what was asked; the message says what was expected and what was there instead. */
public class ClusterException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ClusterException(String message) {
        super(message);
    }

    public ClusterException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
