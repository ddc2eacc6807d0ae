package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.scripted.WireProxy.Action;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a real PostgreSQL says of the settings of a session that took the place of another one. */
@Timeout(180)
class SettingsIT extends WireBench {
    private static final String CHARACTERISTICS = "SET SESSION CHARACTERISTICS AS TRANSACTION ";

    /** What HikariCP's connectionInitSql or an application said long ago. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                CHARACTERISTICS + "ISOLATION LEVEL READ COMMITTED",
                "SET default_transaction_isolation = 'read committed'",
                "SELECT set_config('default_transaction_isolation', 'read committed', false)"
            })
    void transactionIsReplayedAtTheLevelItWasBegunAtWhateverWasSaidBefore(String older) throws Exception {
        run(older);
        connection.commit();
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        run(insert("a"));
        AtomicBoolean broken = new AtomicBoolean();
        proxy.script(sent -> executes(sent, insert("b")) && !broken.getAndSet(true) ? Action.LOSE : Action.FORWARD);
        run(insert("b"));

        assertThat(text(connection, "SHOW transaction_isolation")).isEqualTo("serializable");
        connection.commit();
        assertThat(broken).isTrue();
        assertThat(rows()).containsExactly("a", "b");
    }

    @Test
    void sqlTextAfterTheSetterCounts() throws Exception {
        connection.setAutoCommit(true);
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        run("SET default_transaction_isolation TO DEFAULT");
        move();

        assertThat(connection.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_READ_COMMITTED);
    }

    @Test
    void eachModeOfTheSessionIsKeptUntilItIsReset() throws Exception {
        connection.setAutoCommit(true);
        run(CHARACTERISTICS + "ISOLATION LEVEL REPEATABLE READ, READ ONLY");
        run(CHARACTERISTICS + "DEFERRABLE");
        run("RESET default_transaction_read_only");
        move();

        assertThat(text(connection, "SHOW default_transaction_isolation")).isEqualTo("repeatable read");
        assertThat(text(connection, "SHOW default_transaction_deferrable")).isEqualTo("on");
        assertThat(text(connection, "SHOW default_transaction_read_only")).isEqualTo("off");
    }

    /** Said outside a transaction it is gone at once; run again it would be refused behind what was run before it. */
    @Test
    void levelOfOneTransactionIsNoSettingOfTheSession() throws Exception {
        connection.setAutoCommit(true);
        run("SELECT set_config('app.tenant', '7', false)");
        run("SET transaction_isolation = 'serializable'");
        move();

        assertThat(text(connection, "SHOW app.tenant")).isEqualTo("7");
    }

    /** PgJDBC sets with {@code readOnlyMode=always} what SQL text can set as well. */
    @Test
    void lastWordOnReadOnlyCountsWhicheverWayItWasSaid() throws Exception {
        connect("&readOnlyMode=always");
        connection.setAutoCommit(true);
        run("SET default_transaction_read_only = off");
        connection.setReadOnly(true);
        move();
        assertThat(text(connection, "SHOW default_transaction_read_only")).isEqualTo("on");

        connection.setAutoCommit(false);
        connection.setAutoCommit(true);
        run("SET default_transaction_read_only = off");
        move();
        assertThat(text(connection, "SHOW default_transaction_read_only")).isEqualTo("off");

        connection.setReadOnly(false);
        run("SET default_transaction_read_only = on");
        connection.setReadOnly(true);
        connection.setAutoCommit(false);
        connection.setReadOnly(false);
        connection.setAutoCommit(true);
        move();
        assertThat(text(connection, "SHOW default_transaction_read_only")).isEqualTo("off");
        run("INSERT INTO wired VALUES ('a')");
        assertThat(rows()).containsExactly("a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"RESET search_path", "SET search_path TO DEFAULT", "RESET ALL", "DISCARD ALL"})
    void whatWasResetIsNotWhatConnectionInitSqlSets(String reset) throws Exception {
        connect("&connectionInitSql=SET%20search_path%20TO%20wired_init,public");
        connection.setAutoCommit(true);
        assertThat(text(connection, "SHOW search_path")).isEqualTo("wired_init, public");
        run("SET work_mem = '2MB'");
        run(reset);
        String own = text(connection, "SHOW search_path");
        assertThat(own).doesNotContain("wired_init");
        run("SET lock_timeout = '70s'");
        move();

        assertThat(text(connection, "SHOW search_path")).isEqualTo(own);
        assertThat(text(connection, "SHOW lock_timeout")).isEqualTo("70s");
    }

    /** A session that has never heard of a setting of the application's own resets it all the same. */
    @Test
    void settingThatWasResetNeedNotBeKnownToTheNextSession() throws Exception {
        connect("&connectionInitSql=SET%20app.init%20TO%201");
        connection.setAutoCommit(true);
        run("SET app.tenant = '7'");
        run("RESET app.tenant");
        run("RESET ROLE");
        run("SET TIME ZONE LOCAL");
        move();

        assertThat(text(connection, "SHOW app.init")).isEqualTo("1");
        assertThat(text(connection, "SELECT current_setting('app.tenant', true)"))
                .isEmpty();
    }

    private String backend() throws SQLException {
        return text(connection, "SELECT pg_backend_pid()");
    }

    /** In autocommit mode: a query whose session breaks is run again on the next one. */
    private void move() throws SQLException {
        String server = backend();
        once(sent -> executes(sent, "SELECT 1"), Action.LOSE);
        run("SELECT 1");
        assertThat(backend()).isNotEqualTo(server);
    }
}
