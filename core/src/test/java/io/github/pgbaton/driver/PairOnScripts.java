package io.github.pgbaton.driver;

import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Two scripted servers, node1 the leader at first, node2 of the next timeline; each test has servers and a scope of its own. */
abstract class PairOnScripts {
    final Scripts scripts;
    ScriptedPostgres first;
    ScriptedPostgres second;
    ScriptedLeaderSource source;

    PairOnScripts(String name) {
        scripts = new Scripts(name);
    }

    @BeforeEach
    void open() throws Exception {
        first = scripts.server();
        second = scripts.server().timeline(2);
        source = scripts.source(first, second);
        source.elect("node1");
    }

    @AfterEach
    void close() throws Exception {
        scripts.close();
    }
}
