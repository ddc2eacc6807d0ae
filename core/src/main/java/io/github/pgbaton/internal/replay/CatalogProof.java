package io.github.pgbaton.internal.replay;

import io.github.pgbaton.internal.sql.Alone;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;

/**
 * Asks PostgreSQL's catalog whether a query can have changed anything; it says no only where nothing that the query names,
 * and nothing that the views and row policies behind these names use, is a volatile function or a foreign table.
 *
 * <p>Names are looked for in all schemas: which of them the text means need not be known.
 */
public final class CatalogProof {
    /** Volatile because their answer changes, and not because they change anything. */
    private static final List<String> HARMLESS = List.of(
            "random",
            "random_normal",
            "gen_random_uuid",
            "uuidv4",
            "uuidv7",
            "clock_timestamp",
            "timeofday",
            "pg_sleep",
            "pg_sleep_for",
            "pg_sleep_until",
            "pg_is_in_recovery",
            "pg_current_wal_lsn",
            "pg_current_wal_insert_lsn",
            "pg_current_wal_flush_lsn",
            "pg_last_wal_receive_lsn",
            "pg_last_wal_replay_lsn",
            "pg_last_xact_replay_timestamp",
            "pg_relation_size",
            "pg_table_size",
            "pg_indexes_size",
            "pg_total_relation_size",
            "pg_database_size",
            "pg_lock_status",
            "pg_blocking_pids");

    /** Not declared volatile, and yet they read a whole view or run a text, which their arguments name and nobody sees. */
    private static final List<String> RUNNING = List.of(
            "table_to_xml",
            "table_to_xml_and_xmlschema",
            "schema_to_xml",
            "schema_to_xml_and_xmlschema",
            "database_to_xml",
            "database_to_xml_and_xmlschema",
            // Of the extensions tablefunc and xml2.
            "crosstab",
            "crosstab2",
            "crosstab3",
            "crosstab4",
            "connectby",
            "xpath_table");

    /**
     * In these trees a function is a number behind the name of the field that holds it. What no text names (the functions
     * behind operators, orderings and types) must not be volatile anywhere in the database; PostgreSQL's own are not.
     */
    private static final String QUESTION = """
            WITH RECURSIVE named(name) AS (SELECT pg_catalog.unnest(?::pg_catalog.text[])),
            volatile AS (
                SELECT p.oid, p.proname::pg_catalog.text AS name,
                    CASE WHEN p.provolatile = 'v' THEN 'is volatile' ELSE 'runs what its arguments name' END AS how
                FROM pg_catalog.pg_proc p WHERE (p.provolatile = 'v'
                AND NOT (p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
                    AND p.proname::pg_catalog.text = ANY (?::pg_catalog.text[])))
                OR p.proname::pg_catalog.text = ANY (?::pg_catalog.text[])),
            reached(oid) AS (
                SELECT c.oid FROM pg_catalog.pg_class c JOIN named n ON c.relname::pg_catalog.text = n.name
                WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
              UNION
                SELECT more.oid FROM reached r CROSS JOIN LATERAL (
                    SELECT found[1]::pg_catalog.oid AS oid FROM pg_catalog.pg_rewrite w
                    CROSS JOIN pg_catalog.regexp_matches(w.ev_action::pg_catalog.text, ':relid ([0-9]+)', 'g') found
                    WHERE w.ev_class = r.oid AND w.ev_type = '1'
                  UNION ALL
                    SELECT found[1]::pg_catalog.oid FROM pg_catalog.pg_policy q
                    CROSS JOIN pg_catalog.regexp_matches(q.polqual::pg_catalog.text, ':relid ([0-9]+)', 'g') found
                    WHERE q.polrelid = r.oid
                  UNION ALL
                    SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = r.oid) more),
            trees(tree) AS (
                SELECT w.ev_action::pg_catalog.text FROM pg_catalog.pg_rewrite w JOIN reached r ON w.ev_class = r.oid
                WHERE w.ev_type = '1'
              UNION ALL
                SELECT p.polqual::pg_catalog.text FROM pg_catalog.pg_policy p JOIN reached r ON p.polrelid = r.oid
              UNION ALL
                SELECT c.conbin::pg_catalog.text FROM pg_catalog.pg_constraint c WHERE c.contypid <> 0),
            used(oid) AS (
                SELECT DISTINCT found[2]::pg_catalog.oid FROM trees CROSS JOIN pg_catalog.regexp_matches(
                    tree, ':(funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)', 'g') found),
            calling(name, how) AS (
                SELECT v.name, v.how FROM volatile v JOIN named n ON v.name = n.name
              UNION ALL
                SELECT v.name, v.how FROM volatile v JOIN used u ON v.oid = u.oid
              UNION ALL
                SELECT p.proname::pg_catalog.text, 'uses a volatile function' FROM pg_catalog.pg_aggregate a
                JOIN pg_catalog.pg_proc p ON p.oid = a.aggfnoid
                JOIN volatile v ON v.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggmtransfn, a.aggminvtransfn,
                    a.aggmfinalfn, a.aggserialfn, a.aggdeserialfn)
                WHERE p.proname::pg_catalog.text IN (SELECT n.name FROM named n)
                OR p.oid IN (SELECT u.oid FROM used u)
              UNION ALL
                SELECT v.name, 'is volatile and behind an operator, an ordering or a type' FROM volatile v
                WHERE v.oid >= 16384 AND (
                    v.oid IN (SELECT o.oprcode FROM pg_catalog.pg_operator o)
                    OR v.oid IN (SELECT a.amproc FROM pg_catalog.pg_amproc a)
                    OR v.oid IN (SELECT c.castfunc FROM pg_catalog.pg_cast c)
                    OR v.oid IN (SELECT pg_catalog.unnest(ARRAY[t.typinput, t.typoutput, t.typreceive, t.typsend])
                        FROM pg_catalog.pg_type t)))
            SELECT coalesce(
                (SELECT 'it calls ' || c.name || '(), which ' || c.how FROM calling c LIMIT 1),
                (SELECT 'it reads the foreign table ' || c.relname FROM pg_catalog.pg_class c JOIN reached r ON c.oid = r.oid
                    WHERE c.relkind = 'f' LIMIT 1),
                '')
            """;

    private CatalogProof() {}

    /**
     * @param on a session outside a transaction, on the database that the query was sent to
     * @param query what was sent
     * @return why it may have changed something, as a clause; null where it certainly has not
     * @throws SQLException PgJDBC's
     */
    public static @Nullable String obstacle(PgConnection on, Alone query) throws SQLException {
        if (query.kind() != Alone.Kind.QUERY) {
            return "it is no query";
        }
        try (PreparedStatement ask = on.prepareStatement(QUESTION)) {
            ask.setArray(1, texts(on, query.names()));
            ask.setArray(2, texts(on, HARMLESS));
            ask.setArray(3, texts(on, RUNNING));
            try (ResultSet answer = ask.executeQuery()) {
                if (!answer.next()) {
                    return "the server did not tell what it calls";
                }
                String found = answer.getString(1);
                return found.isEmpty() ? null : found;
            }
        }
    }

    private static Array texts(PgConnection on, Collection<String> texts) throws SQLException {
        return on.createArrayOf("text", texts.toArray());
    }
}
