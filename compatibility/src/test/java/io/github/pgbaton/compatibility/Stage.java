package io.github.pgbaton.compatibility;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Brings all works to their middle, breaks the cluster once for all of them, and tells what each saw of it. */
final class Stage {
    private static final long PATIENCE_SECONDS = 150;
    private static final String GOES_ON = "goes on";
    private static final AtomicInteger ATTEMPTS = new AtomicInteger();

    private final Routes routes;
    private final CountDownLatch arrived;
    private final CountDownLatch broken = new CountDownLatch(1);

    private Stage(Routes routes, int works) {
        this.routes = routes;
        this.arrived = new CountDownLatch(works);
    }

    /** One attempt, which lets the stage know once that it is in its middle, be it by failing before. */
    private final class Run implements Attempt {
        private final String id = "a" + ATTEMPTS.incrementAndGet();
        private boolean told;

        @Override
        public String id() {
            return id;
        }

        @Override
        public void middle() {
            tell();
            await(broken, "the fault");
        }

        void tell() {
            if (!told) {
                told = true;
                arrived.countDown();
            }
        }
    }

    /**
     * @param breaking breaks the cluster; may return before there is a primary again
     * @return the outcome of each work, in their order
     */
    static Map<Work, String> play(Routes routes, List<Work> works, Runnable breaking) throws Exception {
        Stage stage = new Stage(routes, works.size());
        ExecutorService actors = Executors.newFixedThreadPool(works.size());
        try (Connection elsewhere = routes.pool().getConnection()) {
            Sql.run(elsewhere, "CREATE TABLE IF NOT EXISTS elsewhere (n int)");
            elsewhere.setAutoCommit(false);
            commit(elsewhere);
            List<Future<String>> outcomes = new ArrayList<>();
            works.forEach(work -> outcomes.add(actors.submit(() -> stage.outcome(work))));
            await(stage.arrived, "the middle of every work");
            // As a busy application does all the time: it proves that the values of sequences drawn before are nobody
            // else's.
            commit(elsewhere);
            breaking.run();
            stage.broken.countDown();
            Map<Work, String> results = new LinkedHashMap<>();
            for (int i = 0; i < works.size(); i++) {
                results.put(works.get(i), outcomes.get(i).get(PATIENCE_SECONDS, TimeUnit.SECONDS));
            }
            return results;
        } finally {
            stage.broken.countDown();
            actors.shutdownNow();
        }
    }

    private static void commit(Connection connection) throws SQLException {
        Sql.run(connection, "INSERT INTO elsewhere VALUES (1)");
        connection.commit();
    }

    private String outcome(Work work) throws Exception {
        Run first = new Run();
        try {
            work.body().run(first);
        } catch (Exception failure) {
            if (broken.getCount() > 0) {
                throw new AssertionError(work + ": failed before the fault", failure);
            }
            return failed(work, first, failure);
        } finally {
            first.tell();
        }
        if (broken.getCount() > 0) {
            throw new AssertionError(work + ": ended before the fault");
        }
        check(work, first, Set.of(work.rows()));
        return GOES_ON;
    }

    /** What the application was told, held against what is in the database; and that it goes on when it is run again. */
    private String failed(Work work, Run run, Exception failure) throws Exception {
        SQLException told = sqlException(failure);
        if (told == null) {
            throw new AssertionError(work + ": no SQLException", failure);
        }
        boolean certain = "40001".equals(told.getSQLState());
        check(work, run, certain || work.rows() == 0 ? Set.of(0) : Set.of(0, work.rows()));
        Run again = new Run();
        again.told = true;
        try {
            work.body().run(again);
        } catch (Exception second) {
            second.addSuppressed(failure);
            throw new AssertionError(work + ": did not go on when it was run again", second);
        }
        check(work, again, Set.of(work.rows()));
        return state(told) + ", `" + told.getClass().getSimpleName() + "`; goes on when it is run again";
    }

    /** Of a connection that is gone PgJDBC says one or the other, as it found out before the call or within it. */
    private static String state(SQLException told) {
        return Set.of("08003", "08006").contains(told.getSQLState()) ? "08003 or 08006" : told.getSQLState();
    }

    /** The outermost that has an SQLState. */
    private static SQLException sqlException(Throwable failure) {
        SQLException found = null;
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof SQLException sql && sql.getSQLState() != null && found == null) {
                found = sql;
            }
        }
        return found;
    }

    private void check(Work work, Run run, Set<Integer> accepted) throws SQLException {
        if (work.table() == null) {
            return;
        }
        try (Connection connection = routes.pool().getConnection()) {
            int found = Sql.count(connection, work.table().replace("{id}", run.id()), run.id());
            if (!accepted.contains(found)) {
                throw new AssertionError(work + ": left " + found + " rows, not one of " + accepted);
            }
        } catch (SQLException e) {
            // A migration that was rolled back takes its table with it.
            if (!Objects.equals("42P01", e.getSQLState()) || !accepted.contains(0)) {
                throw e;
            }
        }
    }

    private static void await(CountDownLatch latch, String what) {
        try {
            if (!latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError(what + " did not come in " + PATIENCE_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(what + " did not come", e);
        }
    }
}
