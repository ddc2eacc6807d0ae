package io.github.pgbaton.failover.matrix;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A connection whose call is under way when the fault comes, or is made after it: the outcome is that call's. */
final class OneCall implements Actor {
    private final Stage stage;
    private final Moment moment;
    private final String first;
    private final String second;
    private final CountDownLatch rowsSeen = new CountDownLatch(20);
    private volatile boolean woken;
    private @Nullable Connection opened;
    private @Nullable Work<Void> call;
    private String told = "";

    OneCall(Stage stage, Moment moment) {
        this.stage = stage;
        this.moment = moment;
        this.first = stage.key(moment, "first");
        this.second = stage.key(moment, "second");
    }

    @Override
    public Moment moment() {
        return moment;
    }

    @Override
    public void begin() throws Exception {
        Connection connection = stage.source().getConnection();
        opened = connection;
        switch (moment) {
            case IDLE_IN_POOL, READING, WRITING -> Sql.memberOf(connection, stage.cluster());
            case BEGINNING -> connection.setAutoCommit(false);
            case COMMITTING -> {
                connection.setAutoCommit(false);
                Sql.insert(connection, "deferred", first);
                Sql.insert(connection, "ledger", second);
            }
            default -> {
                connection.setAutoCommit(false);
                Sql.insert(connection, "ledger", first);
            }
        }
        if (moment.gated() || moment == Moment.STREAMING) {
            start(connection);
        }
        if (moment == Moment.STREAMING) {
            stage.await("the stream flows", () -> rowsSeen.getCount() == 0);
        }
    }

    private void start(Connection connection) {
        call = Work.start("matrix-" + moment, () -> {
            run(connection);
            return null;
        });
    }

    private void run(Connection connection) throws SQLException {
        switch (moment) {
            case IDLE_IN_POOL -> Sql.insert(connection, "ledger", first);
            case IDLE_IN_TRANSACTION -> Sql.insert(connection, "ledger", second);
            case READING, READING_IN_TRANSACTION -> Sql.count(connection, "gated");
            case BEGINNING, WRITING -> Sql.insert(connection, "gated", first);
            case WRITING_IN_TRANSACTION -> Sql.insert(connection, "gated", second);
            case STREAMING -> stream(connection);
            case COMMITTING -> {}
            case CONNECTING, SHORT_TRANSACTIONS -> throw new IllegalStateException("not one call: " + moment);
        }
        if (!connection.getAutoCommit()) {
            connection.commit();
        }
    }

    /** Five rows at a time, each of which the server takes a while for: a fetch is nearly always under way. */
    private void stream(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT n, pg_sleep(0.01) FROM (SELECT generate_series(1, 1000000) AS n) AS numbers")) {
            statement.setFetchSize(5);
            try (ResultSet rows = statement.executeQuery()) {
                int expected = 0;
                while (!woken && rows.next()) {
                    expected++;
                    if (rows.getInt(1) != expected) {
                        throw new AssertionError("row " + expected + " is " + rows.getInt(1));
                    }
                    rowsSeen.countDown();
                }
            }
        }
    }

    @Override
    public boolean released() {
        // What is run again elsewhere by itself may wait for the end of the fault.
        return call == null || call.isDone() || stage.matrix().runsAgain(moment);
    }

    @Override
    public void wake() {
        woken = true;
        if (call == null) {
            start(Objects.requireNonNull(opened));
        }
    }

    @Override
    public Set<String> seen() throws InterruptedException {
        try {
            Objects.requireNonNull(call).await();
            return Set.of();
        } catch (SQLException e) {
            told = Sql.state(e);
            return new TreeSet<>(Set.of(told));
        }
    }

    @Override
    public void goOn() throws InterruptedException, SQLException {
        Connection connection = Objects.requireNonNull(opened);
        Work.start("matrix-" + moment + "-after", () -> {
                    if (!connection.getAutoCommit()) {
                        connection.rollback();
                    }
                    connection.setAutoCommit(false);
                    Sql.insert(connection, "ledger", stage.key(moment, "after"));
                    String member = Sql.memberOf(connection, stage.cluster());
                    connection.commit();
                    stage.isPrimary(member);
                    return null;
                })
                .await();
    }

    @Override
    public void testify(Audit audit) {
        audit.wrote(List.of(stage.key(moment, "after")), "");
        switch (moment) {
            case READING -> {}
            case IDLE_IN_POOL, BEGINNING, WRITING -> audit.wrote(List.of(first), told);
            case READING_IN_TRANSACTION, STREAMING -> audit.wrote(List.of(first), told);
            default -> audit.wrote(List.of(first, second), told);
        }
    }

    @Override
    public void close() throws SQLException {
        if (opened != null) {
            opened.close();
        }
    }
}
