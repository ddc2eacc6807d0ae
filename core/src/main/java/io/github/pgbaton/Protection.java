package io.github.pgbaton;

import io.github.pgbaton.internal.routing.ProtectionCounters;
import io.github.pgbaton.replay.ProtectionReport;
import java.util.List;

/** Tells how an application's transactions are protected; thread-safe. */
public final class Protection {
    private Protection() {}

    /** @return one report for each cluster that this JVM has committed on, in no order; a snapshot */
    public static List<ProtectionReport> reports() {
        return ProtectionCounters.reports();
    }
}
