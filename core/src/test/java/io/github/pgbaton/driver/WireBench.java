package io.github.pgbaton.driver;

import io.github.pgbaton.scripted.WireProxy.Action;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;

/** Transactions on the wire, and a table without a key: what is done twice is there twice. */
abstract class WireBench extends OnWire {
    WireBench() {
        super("wired");
    }

    @BeforeEach
    void openWired() throws Exception {
        asAdmin("DROP TABLE IF EXISTS wired, wired_once, wired_sum");
        // Without a key: what is done twice is there twice.
        asAdmin(
                "CREATE TABLE wired (v text)",
                "CREATE TABLE wired_once (v text PRIMARY KEY)",
                "CREATE TABLE wired_sum (n int)",
                "INSERT INTO wired_sum VALUES (0)",
                "GRANT ALL ON wired, wired_once, wired_sum TO PUBLIC");
        connect("");
    }

    @Override
    void connect(String parameters) throws SQLException {
        super.connect(parameters);
        connection.setAutoCommit(false);
    }

    static String insert(String value) {
        return "INSERT INTO wired VALUES ('" + value + "')";
    }

    /** The statement is done and the client never hears of it, nor the server of the client. */
    void strandAfter(String sql) {
        AtomicBoolean seen = new AtomicBoolean();
        AtomicBoolean done = new AtomicBoolean();
        proxy.script(sent -> {
            if (executes(sent, sql)) {
                seen.set(true);
            }
            return sent.type() == 'S' && seen.get() && !done.getAndSet(true) ? Action.STRAND : Action.FORWARD;
        });
    }
}
