package io.github.pgbaton.driver;

import static io.github.pgbaton.driver.Scripts.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.event.CommitUnknownException;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A COMMIT that is cut off on a session to a replica whose member was promoted just before, and nobody had told: the
 * transaction may have written, and nothing is taken for read-only or for lost without proof.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PromotedCommitTest extends TargetOnScripts {
    private static final String WRITE = "INSERT INTO t VALUES (1)";
    private static final String TOMBSTONE = "INSERT INTO pgbaton.tx(token, kind)";

    private final List<Connection> connections = new ArrayList<>();

    @AfterEach
    void closeConnections() throws Exception {
        for (Connection connection : connections) {
            connection.close();
        }
    }

    private record OnReplica(Connection connection, ScriptedPostgres member) {}

    /** A connection on a replica, outside a transaction and not in autocommit mode. */
    private OnReplica onReplica(BatonDataSource source) throws SQLException {
        for (int i = 0; i < 12; i++) {
            Connection connection = source.getConnection();
            connections.add(connection);
            ScriptedPostgres on = runs(connection, "SELECT 'where " + connections.size() + "'");
            if (on != primary) {
                connection.setAutoCommit(false);
                return new OnReplica(connection, on);
            }
        }
        throw new AssertionError("no connection came to a replica");
    }

    /** As nobody knows of it but the member itself: from the first word of the next transaction on it is a primary. */
    private static boolean promotedBy(String sql, ScriptedPostgres member) {
        if (sql.startsWith("BEGIN")) {
            member.timeline(2).inRecovery(false);
        }
        return sql.endsWith("COMMIT");
    }

    /** @param then what else happens when the member takes a COMMIT with it */
    private static AtomicBoolean takeTheCommit(ScriptedPostgres member, Consumer<ScriptedPostgres> then) {
        AtomicBoolean cut = new AtomicBoolean();
        member.script(sql -> {
            if (sql.contains(TOMBSTONE)) {
                return Reaction.FAIL;
            }
            if (promotedBy(sql, member) && cut.compareAndSet(false, true)) {
                then.accept(member);
                return Reaction.HANG_UP;
            }
            return Reaction.SUCCEED;
        });
        return cut;
    }

    private List<String> writes() {
        List<String> all = new ArrayList<>();
        for (ScriptedPostgres server : List.of(primary, second, third)) {
            all.addAll(server.statements());
        }
        return all.stream().filter(WRITE::equals).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"replica", "preferReplica", "any"})
    void withoutALedgerItIsUnknownAndNothingIsRunAgain(String target) throws Exception {
        OnReplica on = onReplica(target(target));
        AtomicBoolean cut = takeTheCommit(on.member(), member -> {});
        run(on.connection(), WRITE);

        assertThatThrownBy(on.connection()::commit).isInstanceOf(CommitUnknownException.class);

        assertThat(cut).isTrue();
        assertThat(writes()).hasSize(1);
        assertThat(on.member().statements()).containsOnlyOnce("COMMIT");
        on.connection().rollback();
        assertThat(runs(on.connection(), "SELECT 'goes on'")).isNotSameAs(on.member());
    }

    @Test
    void withALedgerTheNewPrimaryTellsThatItTookEffect() throws Exception {
        for (ScriptedPostgres server : List.of(primary, second, third)) {
            server.ledger().answers(PromotedCommitTest::original);
        }
        OnReplica on = onReplica(target("replica"));
        AtomicBoolean cut = takeTheCommit(on.member(), member -> source.elect(name(member)));
        run(on.connection(), WRITE);

        on.connection().commit();

        assertThat(cut).isTrue();
        assertThat(on.member().statements()).anyMatch(sql -> sql.contains(TOMBSTONE));
        assertThat(writes()).hasSize(1);
    }

    /** As the ledger of a member that has the token says it. */
    private static String @Nullable [] original(String sql) {
        if (sql.contains("pg_logical_emit_message(")) {
            return new String[] {"0/0", ""};
        }
        return sql.startsWith("SELECT kind") ? new String[] {"c"} : null;
    }

    @Test
    void ledgerOfThePrimaryOfBeforeIsNoProofThatItTookNoEffect() throws Exception {
        for (ScriptedPostgres server : List.of(primary, second, third)) {
            server.ledger().answers(PromotedCommitTest::original);
        }
        OnReplica on = onReplica(target("replica"));
        AtomicBoolean cut = takeTheCommit(on.member(), member -> {});
        run(on.connection(), WRITE);

        assertThatThrownBy(on.connection()::commit)
                .isInstanceOf(CommitUnknownException.class)
                .hasMessageContaining("was promoted while the session was open");

        assertThat(cut).isTrue();
        assertThat(primary.statements())
                .as("it was asked, and had no such token")
                .anyMatch(sql -> sql.contains(TOMBSTONE));
        assertThat(writes()).hasSize(1);
    }

    @Test
    void transactionThatWasBegunBeforeThePromotionHasOnlyReadAndIsRunAgain() throws Exception {
        for (ScriptedPostgres server : List.of(second, third)) {
            server.answers(sql -> sql.equals("SHOW transaction_read_only") ? new String[] {"on"} : null);
        }
        OnReplica on = onReplica(target("replica"));
        run(on.connection(), "SELECT 'begun'");
        on.member().timeline(2).inRecovery(false);
        run(on.connection(), "SELECT 'went on'");
        AtomicBoolean cut = takeTheCommit(on.member(), member -> source.elect(name(member)));

        on.connection().commit();

        assertThat(cut).isTrue();
        assertThat(other(on.member()).statements())
                .containsSubsequence("BEGIN", "SELECT 'begun'", "SELECT 'went on'", "COMMIT");
    }

    @Test
    void poolerThatKeepsThePromotionToItselfIsNotBelieved() throws Exception {
        for (ScriptedPostgres server : List.of(second, third)) {
            server.silentAboutPromotion()
                    .answers(sql -> sql.equals("SHOW transaction_read_only") ? new String[] {"off"} : null);
        }
        OnReplica on = onReplica(target("replica", "memberMap=*={host}:{port}"));
        AtomicBoolean cut = takeTheCommit(on.member(), member -> {});
        run(on.connection(), "SELECT writes()");

        assertThatThrownBy(on.connection()::commit).isInstanceOf(CommitUnknownException.class);

        assertThat(cut).isTrue();
        assertThat(other(on.member()).statements()).doesNotContain("SELECT writes()", "COMMIT");
    }

    @Test
    void readOnlyTransactionThroughAPoolerCostsNoRoundTripMore() throws Exception {
        OnReplica on = onReplica(target("replica", "memberMap=*={host}:{port}"));
        on.connection().setReadOnly(true);
        run(on.connection(), "SELECT 'read'");
        on.connection().commit();

        assertThat(on.member().statements()).contains("COMMIT").doesNotContain("SHOW transaction_read_only");
    }
}
