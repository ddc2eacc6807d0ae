package io.github.pgbaton.internal.outcome;

import java.time.Duration;
import java.util.Collection;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The SQL of the ledger, in which a row tells for good that the transaction with its token was committed, or that it
 * never will be; every name in it is qualified with its schema.
 *
 * <p>{@code kind} tells the two apart: an original is {@code c}, the default, and enters with its transaction; a tombstone
 * is {@code t}, and enters when somebody asks for a token that is not there. The unique key lets only one of them in.
 */
public final class LedgerSql {
    /** How long a row is kept, unless the ledger was created with another time. */
    public static final Duration DEFAULT_RETENTION = Duration.ofHours(2);

    /** A COMMIT is looked up only while it is younger than half the retention, and a failover needs its time. */
    public static final Duration LEAST_RETENTION = Duration.ofMinutes(10);

    /** So that it can be counted in seconds, in an interval of PostgreSQL's, without a thought. */
    public static final Duration LONGEST_RETENTION = Duration.ofDays(365);

    /** The layout of the table that this driver works with. */
    static final int VERSION = 1;

    static final String TOMBSTONE = "t";

    /** What the check reads of the columns: names, types and defaults, in order. */
    static final String COLUMNS =
            "token uuid; kind \"char\" = 'c'::\"char\"; at timestamp with time zone = clock_timestamp()";

    private static final Pattern COMMENT = Pattern.compile("pgbaton ledger ([0-9]{1,9}), retention ([0-9]{1,9}) s");

    private LedgerSql() {}

    /**
     * What creates the ledger, and brings privileges and retention of an existing one up to date; may be run again.
     *
     * @param retention of rows; whole seconds
     * @param roles that commit through the driver; empty for every role
     * @return one statement after the other
     * @throws IllegalArgumentException where the retention is out of range
     */
    public static String create(Duration retention, Collection<String> roles) {
        if (retention.compareTo(LEAST_RETENTION) < 0 || retention.compareTo(LONGEST_RETENTION) > 0) {
            throw new IllegalArgumentException("retention of " + retention.toSeconds() + " s; accepted: "
                    + LEAST_RETENTION.toMinutes() + " minutes to " + LONGEST_RETENTION.toDays() + " days");
        }
        String grantees = roles.isEmpty()
                ? "PUBLIC"
                : String.join(", ", roles.stream().map(LedgerSql::quoted).toList());
        return """
                BEGIN;
                CREATE SCHEMA IF NOT EXISTS pgbaton;
                CREATE TABLE IF NOT EXISTS pgbaton.tx (
                    token uuid PRIMARY KEY,
                    kind "char" NOT NULL DEFAULT 'c',
                    at timestamptz NOT NULL DEFAULT clock_timestamp()
                );
                COMMENT ON TABLE pgbaton.tx IS 'pgbaton ledger %d, retention %d s';
                CREATE OR REPLACE FUNCTION pgbaton.purge(batch integer) RETURNS bigint
                    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                DECLARE
                    kept interval;
                    gone bigint;
                BEGIN
                    IF NOT pg_try_advisory_xact_lock(hashtext('pgbaton.purge'), 'pgbaton.tx'::regclass::oid::int) THEN
                        RETURN -1;
                    END IF;
                    kept := make_interval(secs => substring(obj_description('pgbaton.tx'::regclass, 'pg_class')
                        FROM '^pgbaton ledger 1, retention ([0-9]+) s$')::double precision);
                    IF kept IS NULL OR kept < interval '10 minutes' THEN
                        RAISE EXCEPTION 'pgbaton.tx does not say how long its rows are kept'
                            USING HINT = 'Create the ledger again; nothing is lost by that.';
                    END IF;
                    DELETE FROM pgbaton.tx WHERE token IN (
                        SELECT token FROM pgbaton.tx
                        WHERE at < clock_timestamp() - kept AND (kind <> 't' OR at < pg_postmaster_start_time())
                        LIMIT least(greatest(batch, 1), 10000));
                    GET DIAGNOSTICS gone = ROW_COUNT;
                    RETURN gone;
                END
                $$;
                REVOKE ALL ON FUNCTION pgbaton.purge(integer) FROM PUBLIC;
                REVOKE ALL ON SCHEMA pgbaton FROM PUBLIC;
                REVOKE ALL ON pgbaton.tx FROM PUBLIC;
                GRANT USAGE ON SCHEMA pgbaton TO %3$s;
                GRANT SELECT, INSERT (token, kind) ON pgbaton.tx TO %3$s;
                GRANT EXECUTE ON FUNCTION pgbaton.purge(integer) TO %3$s;
                COMMIT;
                """.formatted(VERSION, retention.toSeconds(), grantees);
    }

    private static String quoted(String role) {
        return '"' + role.replace("\"", "\"\"") + '"';
    }

    /** What the comment of the table says of it, null where it is none of the ledger's. */
    static @Nullable Layout layout(@Nullable String comment) {
        Matcher said = COMMENT.matcher(comment == null ? "" : comment);
        return said.matches()
                ? new Layout(Integer.parseInt(said.group(1)), Duration.ofSeconds(Long.parseLong(said.group(2))))
                : null;
    }

    record Layout(int version, Duration retention) {}
}
