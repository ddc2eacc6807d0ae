package io.github.pgbaton.failover.matrix;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Opens connections one after another; some opening or other is under way at every moment of the fault. */
final class Opener implements Actor {
    private static final long PACE_MILLIS = 20;

    private final Stage stage;
    private final CountDownLatch first = new CountDownLatch(1);
    private final CountDownLatch last = new CountDownLatch(1);
    private @Nullable Work<Set<String>> openings;

    Opener(Stage stage) {
        this.stage = stage;
    }

    @Override
    public Moment moment() {
        return Moment.CONNECTING;
    }

    @Override
    public void begin() {
        openings = Work.start("matrix-" + moment(), this::open);
        stage.await("the first connection", () -> first.getCount() == 0);
    }

    private Set<String> open() throws InterruptedException {
        Set<String> seen = new TreeSet<>();
        boolean over;
        do {
            // Asked before the opening: at least one begins after the fault has taken effect.
            over = last.await(PACE_MILLIS, TimeUnit.MILLISECONDS);
            try (Connection connection = stage.source().getConnection()) {
                first.countDown();
            } catch (SQLException e) {
                seen.add(Sql.state(e));
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
            return Objects.requireNonNull(openings).await();
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void goOn() throws InterruptedException, SQLException {
        Work.start("matrix-" + moment() + "-after", () -> {
                    try (Connection connection = stage.source().getConnection()) {
                        stage.isPrimary(Sql.memberOf(connection, stage.cluster()));
                    }
                    return null;
                })
                .await();
    }

    @Override
    public void testify(Audit audit) {}

    @Override
    public void close() {
        last.countDown();
    }
}
