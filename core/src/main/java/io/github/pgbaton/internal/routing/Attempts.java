package io.github.pgbaton.internal.routing;

import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.topology.HostPort;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * What one wait for a primary has tried, for the message at its end: the newest failure of each address; not
 * thread-safe.
 */
final class Attempts {
    private record Failure(int count, String last) {}

    private final Map<HostPort, Failure> failures = new LinkedHashMap<>();
    private @Nullable SQLException newest;

    void add(HostPort address, String why) {
        failures.merge(address, new Failure(1, why), (old, now) -> new Failure(old.count + 1, now.last));
    }

    /** What failed only because the caller's time was up says nothing of the member, where more is known of it. */
    void add(HostPort address, SQLException failure, Deadline deadline) {
        if (!deadline.passed() || !failures.containsKey(address)) {
            newest = failure;
            add(address, reason(failure));
        }
    }

    /** Whether nothing was tried at all. */
    boolean none() {
        return failures.isEmpty();
    }

    /** What PgJDBC did not expect counts as a failure that may pass. */
    static SQLException failure(Throwable unexpected) {
        return unexpected instanceof SQLException failure
                ? failure
                : new SQLTransientConnectionException("asking it failed: " + unexpected, "08001", unexpected);
    }

    /** The exception of the last failed attempt, as a cause. */
    @Nullable
    SQLException newest() {
        return newest;
    }

    /** The innermost reason, since PgJDBC's outer text says little more than that it did not work. */
    static String reason(SQLException failure) {
        Throwable inner = failure;
        while (inner.getCause() != null && inner.getCause() != inner) {
            inner = inner.getCause();
        }
        String text = inner.getMessage();
        String state = failure.getSQLState();
        return (text == null ? inner.getClass().getSimpleName() : text) + (state == null ? "" : " [" + state + "]");
    }

    @Override
    public String toString() {
        if (failures.isEmpty()) {
            return "no member was tried";
        }
        StringJoiner text = new StringJoiner("; ");
        failures.forEach((address, failure) -> text.add(
                address + ": " + failure.last + (failure.count > 1 ? " (" + failure.count + " attempts)" : "")));
        return text.toString();
    }
}
