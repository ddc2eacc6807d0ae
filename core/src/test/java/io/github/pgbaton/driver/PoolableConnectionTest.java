package io.github.pgbaton.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.event.SessionStateLostException;
import io.github.pgbaton.pool.PoolableConnection;
import io.github.pgbaton.pool.PoolableConnection.Reattachment;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import io.github.pgbaton.scripted.ScriptedPostgres.Reaction;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a pool has done with a connection that nobody uses, and what whoever borrows it sees of that: nothing. */
@Timeout(60)
class PoolableConnectionTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final AtomicInteger closed = new AtomicInteger();
    private Scripts scripts;
    private ScriptedPostgres first;
    private ScriptedPostgres second;
    private ScriptedLeaderSource source;
    private BatonDataSource data;
    private Connection connection;
    private PoolableConnection idle;

    @BeforeEach
    void open() throws Exception {
        scripts = new Scripts("poolable");
        first = scripts.server();
        second = scripts.server().timeline(2);
        source = scripts.source(first, second);
        source.elect("node1");
        data = scripts.following("failoverTimeout=20s");
        connection = data.getConnection();
        idle = connection.unwrap(PoolableConnection.class);
        idle.pooled(closed::incrementAndGet);
    }

    @AfterEach
    void close() throws Exception {
        connection.close();
        scripts.close();
    }

    private void use() throws SQLException {
        Scripts.run(connection, "SELECT 1");
    }

    /** As HikariCP ends a use. */
    private void giveBack() throws SQLException {
        connection.clearWarnings();
    }

    /** As HikariCP asks on borrow. */
    private boolean asked() throws SQLException {
        connection.setNetworkTimeout(Runnable::run, 5_000);
        boolean valid = connection.isValid(5);
        connection.setNetworkTimeout(Runnable::run, 0);
        return valid;
    }

    private CompletableFuture<Reattachment> reattaching() {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return idle.reattach(PATIENCE);
            } catch (SQLException e) {
                throw new CompletionException(e);
            }
        });
    }

    @Test
    void idleConnectionIsMovedByAnotherThreadWithWhatItHad() throws Exception {
        Scripts.run(connection, "SET app.tenant = '7'");
        giveBack();
        source.elect("node2");

        assertThat(reattaching().get(20, TimeUnit.SECONDS)).isEqualTo(Reattachment.MOVED);
        assertThat(second.openSessions()).isEqualTo(1);
        assertThat(second.statements()).containsExactly("SET app.tenant = '7'");
        use();
        assertThat(second.accepted()).isEqualTo(1);
    }

    /** HikariCP sets a new connection up, and nobody borrows it. */
    @Test
    void connectionThatWasOnlySetUpIsIdle() throws Exception {
        connection.setAutoCommit(false);
        assertThat(connection.isValid(5)).isTrue();
        connection.setNetworkTimeout(Runnable::run, 0);
        source.elect("node2");

        assertThat(idle.reattach(PATIENCE)).isEqualTo(Reattachment.MOVED);
        assertThat(connection.getAutoCommit()).isFalse();
    }

    @Test
    void connectionThatIsAliveOrInUseIsLeftAlone() throws Exception {
        giveBack();
        assertThat(idle.reattach(PATIENCE)).isEqualTo(Reattachment.NOT_NEEDED);
        use();
        source.elect("node2");
        assertThat(idle.reattach(PATIENCE)).isEqualTo(Reattachment.IN_USE);
        assertThat(second.accepted()).isZero();
    }

    @Test
    void connectionWhoseServerHungUpIsMovedToo() throws Exception {
        use();
        giveBack();
        first.terminateSessions();

        await().atMost(PATIENCE).until(() -> idle.reattach(PATIENCE) == Reattachment.MOVED);
        assertThat(first.openSessions()).isEqualTo(1);
    }

    @Test
    void whatNoOtherSessionCanHaveIsToldByTheNextCall() throws Exception {
        Scripts.run(connection, "CREATE TEMP TABLE mine (a int)");
        giveBack();
        source.elect("node2");

        assertThat(idle.reattach(PATIENCE)).isEqualTo(Reattachment.LEFT);
        assertThat(asked()).isFalse();
        assertThatThrownBy(this::use)
                .isInstanceOf(SessionStateLostException.class)
                .hasMessageContaining("temporary table");
    }

    @Test
    void closeEndsAMoveThatIsStuckInASetting() throws Exception {
        assertCloseEndsAMove("", "SET app.tenant = '7'");
    }

    @Test
    void closeEndsAMoveThatIsStuckInConnectionInitSql() throws Exception {
        assertCloseEndsAMove("connectionInitSql=SELECT%20stuck()", "SELECT stuck()");
    }

    private void assertCloseEndsAMove(String parameter, String stuck) throws Exception {
        second.script(sql -> sql.equals(stuck) ? Reaction.HANG : Reaction.SUCCEED);
        Connection closed = scripts.following("hangThreshold=0ms", "handshakeTimeout=50s", parameter)
                .getConnection();
        PoolableConnection moved = closed.unwrap(PoolableConnection.class);
        moved.pooled(() -> {});
        Scripts.run(closed, "SET app.tenant = '7'");
        closed.clearWarnings();
        source.elect("node2");
        CompletableFuture<Reattachment> moving = CompletableFuture.supplyAsync(() -> {
            try {
                return moved.reattach(Duration.ofSeconds(50));
            } catch (SQLException e) {
                throw new CompletionException(e);
            }
        });
        await().atMost(PATIENCE).until(() -> second.statements().contains(stuck));
        closed.close();

        assertThat(moving.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(Reattachment.NOT_NEEDED);
        await().atMost(PATIENCE).until(() -> second.openSessions() == 0);
    }

    @Test
    void openTransactionIsNeverMoved() throws Exception {
        connection.setAutoCommit(false);
        use();
        giveBack();
        source.elect("node2");

        assertThat(idle.reattach(PATIENCE)).isEqualTo(Reattachment.LEFT);
        assertThat(second.accepted()).isZero();
    }

    @Test
    void callDoesNotWaitForWhoeverWaitsForAPrimaryOnItsBehalf() throws Exception {
        giveBack();
        source.loseLeader();
        first.close();
        CompletableFuture<Reattachment> moving = reattaching();
        connection.setAutoCommit(false);
        CompletableFuture<Void> using = CompletableFuture.runAsync(() -> {
            try {
                use();
            } catch (SQLException e) {
                throw new CompletionException(e);
            }
        });

        // There is no primary yet; the thread that would have moved it gives way all the same.
        assertThat(moving.get(20, TimeUnit.SECONDS)).isIn(Reattachment.IN_USE, Reattachment.NOT_NEEDED);
        source.elect("node2");
        using.get(20, TimeUnit.SECONDS);
        assertThat(second.openSessions()).isEqualTo(1);
    }

    @Test
    void callWaitsForTheShortEndOfAMoveAndGoesOnWhereItLed() throws Exception {
        CountDownLatch restoring = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Scripts.run(connection, "SET app.tenant = '7'");
        giveBack();
        second.script(sql -> {
            if (sql.startsWith("SET app.tenant")) {
                restoring.countDown();
                await().atMost(PATIENCE).until(() -> goOn.getCount() == 0);
            }
            return Reaction.SUCCEED;
        });
        source.elect("node2");
        CompletableFuture<Reattachment> moving = reattaching();
        assertThat(restoring.await(20, TimeUnit.SECONDS)).isTrue();
        CompletableFuture<Void> using = CompletableFuture.runAsync(() -> {
            try {
                use();
            } catch (SQLException e) {
                throw new CompletionException(e);
            }
        });
        goOn.countDown();

        assertThat(moving.get(20, TimeUnit.SECONDS)).isEqualTo(Reattachment.MOVED);
        using.get(20, TimeUnit.SECONDS);
        assertThat(second.accepted()).isEqualTo(1);
    }

    @Test
    void noSessionIsLeftWhereNobodyWantsItAnyMore() throws Exception {
        giveBack();
        source.loseLeader();
        first.dropSessions();
        CompletableFuture<Reattachment> moving = reattaching();
        connection.close();

        assertThat(moving.get(20, TimeUnit.SECONDS)).isEqualTo(Reattachment.NOT_NEEDED);
        assertThat(closed).hasValue(1);
        source.elect("node2");
        assertThat(second.openSessions()).isZero();
    }

    @Test
    void poolKeepsAConnectionWhoseSessionIsGoneAndAnApplicationIsToldTheTruth() throws Exception {
        use();
        giveBack();
        assertThat(asked()).isTrue();
        source.elect("node2");

        assertThat(asked()).isTrue();
        // The old server would answer until the socket is closed, which another thread does.
        await().atMost(PATIENCE).until(() -> !connection.isValid(5));
        giveBack();
        assertThat(asked()).isTrue();
        assertThat(second.accepted()).isZero();
        use();
        assertThat(second.openSessions()).isEqualTo(1);
        assertThat(connection.isValid(5)).isTrue();
    }

    @Test
    void poolsQuestionDoesNotCountAsAUse() throws Exception {
        use();
        giveBack();
        source.elect("node2");
        assertThat(asked()).isTrue();

        assertThat(idle.reattach(PATIENCE)).isEqualTo(Reattachment.MOVED);
    }

    /** HikariCP rolls back after each question, with isolateInternalQueries and without autocommit. */
    @Test
    void rollbackOfAnIdleConnectionDoesNotCountAsAUse() throws Exception {
        connection.setAutoCommit(false);
        use();
        connection.rollback();
        giveBack();
        assertThat(asked()).isTrue();
        connection.rollback();
        source.elect("node2");

        assertThat(idle.reattach(PATIENCE)).isEqualTo(Reattachment.MOVED);
    }

    @Test
    void rollbackOfAConnectionInUseLeavesItItsUsers() throws Exception {
        connection.setAutoCommit(false);
        use();
        connection.rollback();
        source.elect("node2");

        assertThat(idle.reattach(PATIENCE)).isEqualTo(Reattachment.IN_USE);
    }

    /** Each pool moves several at once; together they leave room for the calls of the application. */
    @Test
    void movesOfAllPoolsTogetherTakeHalfOfTheOpenings() throws Exception {
        List<Connection> all = new ArrayList<>();
        List<PoolableConnection> left = new ArrayList<>();
        ExecutorService pools = Executors.newCachedThreadPool();
        try (Scripts many = new Scripts("poolable-many")) {
            ScriptedPostgres old = many.server();
            ScriptedPostgres next = many.server().timeline(2);
            ScriptedLeaderSource leader = many.source(old, next);
            leader.elect("node1");
            BatonDataSource limited = many.following("failoverTimeout=20s", "connectLimit=4");
            for (int i = 0; i < 12; i++) {
                Connection kept = limited.getConnection();
                all.add(kept);
                PoolableConnection poolable = kept.unwrap(PoolableConnection.class);
                poolable.pooled(() -> {});
                kept.clearWarnings();
                left.add(poolable);
            }
            leader.elect("node2");
            // Whoever proves the new primary does so for all, and is no background work.
            limited.getConnection().close();
            next.handshake(Duration.ofMillis(50));
            List<Future<Reattachment>> moves = new ArrayList<>();
            for (PoolableConnection each : left) {
                moves.add(pools.submit(() -> each.reattach(PATIENCE)));
            }
            for (Future<Reattachment> move : moves) {
                assertThat(move.get(20, TimeUnit.SECONDS)).isEqualTo(Reattachment.MOVED);
            }
            assertThat(next.mostStarting()).isLessThanOrEqualTo(2);
            for (Connection kept : all) {
                kept.close();
            }
        } finally {
            pools.shutdownNow();
        }
    }

    @Test
    void abortIsToldToo() throws Exception {
        connection.abort(Runnable::run);

        assertThat(closed).hasValue(1);
        assertThatThrownBy(() -> idle.pooled(() -> {})).hasMessageContaining("closed");
    }
}
