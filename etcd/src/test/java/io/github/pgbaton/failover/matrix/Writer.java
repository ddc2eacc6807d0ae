package io.github.pgbaton.failover.matrix;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Runs short transactions one after another through one connection, rolls back what fails, and goes on with the next. */
final class Writer implements Actor {
    private static final long PACE_MILLIS = 10;

    /** One transaction, and the SQLState it ended with; empty where it was acknowledged. */
    private record Written(String key, String told) {}

    private final Stage stage;
    private final CountDownLatch several = new CountDownLatch(5);
    private final CountDownLatch last = new CountDownLatch(1);
    private final List<Written> all = new ArrayList<>();
    private @Nullable Connection opened;
    private @Nullable Work<Set<String>> writing;

    Writer(Stage stage) {
        this.stage = stage;
    }

    @Override
    public Moment moment() {
        return Moment.SHORT_TRANSACTIONS;
    }

    @Override
    public void begin() throws SQLException {
        Connection connection = stage.source().getConnection();
        opened = connection;
        connection.setAutoCommit(false);
        writing = Work.start("matrix-" + moment(), () -> write(connection));
        stage.await("the first transactions", () -> several.getCount() == 0);
    }

    private Set<String> write(Connection connection) throws SQLException, InterruptedException {
        Set<String> seen = new TreeSet<>();
        boolean over;
        do {
            over = last.await(PACE_MILLIS, TimeUnit.MILLISECONDS);
            String key = stage.key(moment(), Integer.toString(all.size()));
            try {
                Sql.insert(connection, "ledger", key);
                connection.commit();
                all.add(new Written(key, ""));
                several.countDown();
            } catch (SQLException e) {
                seen.add(Sql.state(e));
                all.add(new Written(key, Sql.state(e)));
                connection.rollback();
            }
        } while (!over);
        return seen;
    }

    @Override
    public boolean released() {
        return true;
    }

    @Override
    public void wake() {
        last.countDown();
    }

    @Override
    public Set<String> seen() throws InterruptedException {
        try {
            return Objects.requireNonNull(writing).await();
        } catch (SQLException e) {
            throw new AssertionError("a rollback failed", e);
        }
    }

    @Override
    public void goOn() throws InterruptedException, SQLException {
        Connection connection = Objects.requireNonNull(opened);
        String key = stage.key(moment(), "after");
        Work.start("matrix-" + moment() + "-after", () -> {
                    Sql.insert(connection, "ledger", key);
                    String member = Sql.memberOf(connection, stage.cluster());
                    connection.commit();
                    stage.isPrimary(member);
                    return null;
                })
                .await();
        all.add(new Written(key, ""));
    }

    @Override
    public void testify(Audit audit) {
        all.forEach(written -> audit.wrote(List.of(written.key()), written.told()));
    }

    @Override
    public void close() throws SQLException {
        last.countDown();
        if (opened != null) {
            opened.close();
        }
    }
}
