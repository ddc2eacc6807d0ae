package io.github.pgbaton.driver;

import java.sql.SQLException;
import org.junit.jupiter.api.BeforeEach;

/** Statements in autocommit mode, on the wire; each test begins with tables that show what was done twice. */
abstract class AutocommitOnWire extends OnWire {
    static final String ON = "&autocommitReplay=on";

    AutocommitOnWire() {
        super("alone");
    }

    @BeforeEach
    void openAlone() throws Exception {
        asAdmin("DROP TABLE IF EXISTS alone CASCADE", "DROP VIEW IF EXISTS alone_view CASCADE");
        asAdmin("DROP OPERATOR IF EXISTS <!!> (int, int)");
        // Without a unique key: what is done twice is there twice.
        asAdmin(
                "CREATE TABLE alone (id serial, v text, parent text)",
                "CREATE OR REPLACE FUNCTION alone_writes(text) RETURNS text LANGUAGE sql VOLATILE AS"
                        + " $$ INSERT INTO alone (v) VALUES ($1) RETURNING v $$",
                "CREATE OR REPLACE FUNCTION alone_reads(text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT $1 $$",
                "CREATE VIEW alone_view AS SELECT alone_writes('view') AS v",
                "CREATE VIEW alone_outer AS SELECT v FROM alone_view",
                "CREATE VIEW alone_plain AS SELECT v, random() FROM alone",
                "GRANT ALL ON alone, alone_id_seq, alone_view, alone_outer, alone_plain TO PUBLIC");
        connect(ON);
    }

    @Override
    void connect(String parameters) throws SQLException {
        super.connect(parameters);
        run("SELECT 1");
    }

    static String insert(String value) {
        return "INSERT INTO alone (v) VALUES ('" + value + "')";
    }
}
