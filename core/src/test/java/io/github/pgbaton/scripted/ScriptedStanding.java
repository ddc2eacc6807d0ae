package io.github.pgbaton.scripted;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a scripted server says when the driver asks it what it is; a test changes it at any moment. */
final class ScriptedStanding {
    private static final long WATCH_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    volatile boolean inRecovery;
    volatile int timeline = 1;
    volatile long position = 1 << 24;
    volatile String system = "7000000000000000001";
    volatile boolean ledger;
    volatile String ledgerVersion = "700";
    volatile boolean xids;
    volatile boolean alone;

    /** Whether it takes writes, and where it belongs; null where the driver asks for something else. */
    String @Nullable [] standing(String sql) {
        return sql.contains("pg_is_in_recovery")
                ? new String[] {inRecovery ? "t" : "f", "off", inRecovery ? "0" : Integer.toString(timeline), system}
                : null;
    }

    /** Whether the driver or PgJDBC says it on its own account, at connect or to find out what the server is. */
    static boolean isOwn(String sql) {
        return sql.contains("pg_is_in_recovery")
                || sql.startsWith("SET extra_float_digits")
                || sql.startsWith("SET application_name");
    }

    /** What a server does that looks out for its promotion for a while: not a busy loop of the driver's. */
    void awaitPromotion(String sql) {
        boolean asked = sql.contains("pg_sleep");
        for (long end = System.nanoTime() + WATCH_NANOS; asked && inRecovery && System.nanoTime() - end < 0; ) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** How far it is, or what it is together with its backend and the ledger; null where that is not asked for. */
    String @Nullable [] answer(String sql) {
        if (sql.startsWith("SELECT NOT")) {
            // Whether a standby has replayed everything: it has, unless the test says otherwise.
            return null;
        }
        if (sql.contains("pg_last_wal_replay_lsn")) {
            String at = Long.toString(position);
            return new String[] {inRecovery ? "t" : "f", at, at, Integer.toString(timeline), "0", system};
        }
        if (!sql.contains("pg_stat_get_activity(pg_backend_pid())")) {
            return null;
        }
        String yes = ledger ? "t" : "f";
        String[] own = {
            "1",
            "1000000",
            inRecovery ? "t" : "f",
            "off",
            inRecovery ? "0" : Integer.toString(timeline),
            system,
            "app",
            alone ? "t" : "f",
            ledger ? "7" : "0",
            ledger ? ledgerVersion : ""
        };
        if (!sql.contains("obj_description")) {
            return own;
        }
        String[] common = {
            yes,
            yes,
            yes,
            "f",
            "token uuid; kind \"char\" = 'c'::\"char\"; at timestamp with time zone = clock_timestamp()",
            yes,
            "pgbaton ledger 1, retention 7200 s",
            yes,
            yes,
            yes,
            yes,
            "db",
            xids ? "t" : "f"
        };
        return Stream.of(own, common).flatMap(Stream::of).toArray(String[]::new);
    }
}
