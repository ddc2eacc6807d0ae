package io.github.pgbaton.internal.replay;

import java.sql.SQLException;

/** A step that was run again did not do what it had done; never reaches an application as it is. */
public final class ReplayMismatchException extends SQLException {
    private static final long serialVersionUID = 1L;

    /** @param what differed, in words and without values */
    public ReplayMismatchException(String what) {
        super(what, "40001");
    }

    ReplayMismatchException(int number, String step, String what, Throwable cause) {
        super("step " + number + (step.isEmpty() ? "" : " (" + step + ")") + ": " + what, "40001", cause);
    }
}
