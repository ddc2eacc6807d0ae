package io.github.pgbaton.examples.chaos;

import io.github.pgbaton.config.CommitMode;
import io.github.pgbaton.event.FailoverListeners;
import io.github.pgbaton.examples.demo.Route;
import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.UnsupportedFaultException;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Faults under load, one after the other, each on a cluster that has healed; then an audit. The seed decides the faults,
 * their order, and what the application does; not how the threads interleave.
 */
public final class Campaign {
    private static final int WRITERS = 8;
    private static final Duration HEAL = Duration.ofSeconds(180);

    /** What the driver may wait for a primary, and for a transaction's replay; after it, it has to say something. */
    private static final Duration PATIENCE = Duration.ofSeconds(180);

    private static final Duration PROGRESS = PATIENCE.plus(HEAL);

    private final PatroniCluster cluster;
    private final Terms terms;
    private final PrintStream out;
    private final Told told;
    private final Audited audited = new Audited();
    private final List<Writer> writers = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Deque<Havoc> deck = new ArrayDeque<>();
    private final Course course = new Course();
    private final Random random;

    /**
     * @param cluster healthy and empty, and as the terms say; somebody else closes it
     * @param terms of it
     * @param out for people
     */
    public Campaign(PatroniCluster cluster, Terms terms, PrintStream out) {
        this.cluster = cluster;
        this.terms = terms;
        this.out = out;
        this.told = new Told(terms.mayBeUnknown());
        this.random = new Random(terms.seed());
    }

    /** Breaks the cluster until its leader has changed often enough, and holds what it has then against what was told. */
    public Verdict run() throws SQLException, InterruptedException {
        try (Connection primary =
                        Route.direct(cluster, cluster.awaitPrimary(HEAL)).open();
                Statement statement = primary.createStatement()) {
            Work.prepare(primary);
            if (terms.commitOutcome() != CommitMode.XID) {
                statement.execute(LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
            }
        }
        FailoverListeners.add(audited);
        try {
            return underLoad();
        } finally {
            FailoverListeners.remove(audited);
        }
    }

    private Verdict underLoad() throws SQLException, InterruptedException {
        try {
            start();
            progress("the calm before it");
            int timeline = timeline();
            while (course.leaderChanges() < terms.failovers()) {
                timeline = failover(timeline);
            }
        } finally {
            writers.forEach(Writer::stop);
        }
        int stuck = stop();
        try (Connection primary =
                Route.direct(cluster, cluster.awaitPrimary(HEAL)).open()) {
            Findings found = Audit.of(primary, told, audited, Counted.of(cluster), stuck);
            out.println();
            out.println(course.text());
            out.print(found.table());
            return Verdict.of(course, found, terms);
        }
    }

    private void start() {
        Route plain = Route.pgbaton(cluster);
        // No error for want of a primary, which takes its time to come on a loaded machine.
        Route route = new Route(
                plain.name(),
                plain.url() + "&failoverTimeout=" + PATIENCE.toSeconds() + "s&commitOutcome="
                        + terms.commitOutcome().name().toLowerCase(Locale.ROOT),
                plain.user(),
                plain.password());
        SplittableRandom seeds = new SplittableRandom(terms.seed());
        for (int i = 1; i <= WRITERS; i++) {
            Writer writer = new Writer(route, told, "w" + i, seeds.split());
            Thread thread = new Thread(writer, "chaos-writer-" + i);
            // It may hang in a driver for ever; the program still ends.
            thread.setDaemon(true);
            writers.add(writer);
            threads.add(thread);
            thread.start();
        }
    }

    /** @return the timeline once the cluster has healed */
    private int failover(int timeline) throws SQLException, InterruptedException {
        Thread.sleep(500 + random.nextInt(2000));
        Havoc havoc = next();
        String primary = cluster.awaitPrimary(HEAL);
        out.printf("%2d  %-14s on %s: %s%n", course.faults() + 1, havoc, primary, havoc.text());
        try {
            havoc.inject(cluster, primary);
        } catch (UnsupportedFaultException e) {
            out.println("    not on this machine: " + e.getMessage() + "; instead, " + Havoc.KILL.text());
            havoc = Havoc.KILL;
            havoc.inject(cluster, primary);
        }
        if (havoc.movesPrimary()) {
            await("another leader than " + primary, HEAL, () -> {
                String leader = cluster.leader().orElse(primary);
                return !leader.equals(primary);
            });
        }
        cluster.awaitPrimary(HEAL);
        cluster.restore(HEAL);
        int now = timeline();
        course.went(havoc, timeline, now);
        out.printf(
                "    timeline %d, leader %s; %d of %d leader changes%n",
                now, cluster.leader().orElse("none"), course.leaderChanges(), terms.failovers());
        progress(havoc.toString());
        return now;
    }

    private int timeline() throws SQLException {
        try (Connection primary =
                        Route.direct(cluster, cluster.awaitPrimary(HEAL)).open();
                Statement statement = primary.createStatement();
                // What the control file says is as old as the last checkpoint.
                ResultSet row = statement.executeQuery("SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)")) {
            row.next();
            return Integer.parseInt(row.getString(1), 16);
        }
    }

    private Havoc next() {
        if (deck.isEmpty()) {
            List<Havoc> all = new ArrayList<>(Arrays.asList(Havoc.values()));
            if (!terms.synchronous()) {
                // They need a COMMIT that waits for a standby.
                all.removeAll(List.of(Havoc.STALL, Havoc.CRASH, Havoc.SWITCHOVER, Havoc.TWICE));
            }
            Collections.shuffle(all, random);
            Guard without = terms.without();
            for (Havoc havoc : all) {
                // Without a guard, the fault at which it matters comes first, and again and again.
                if (without != null) {
                    deck.add(without.aim());
                }
                deck.add(havoc);
            }
        }
        return deck.remove();
    }

    /** Until every writer was told of two more commits. */
    private void progress(String after) throws InterruptedException {
        List<Long> before = writers.stream().map(Writer::done).toList();
        try {
            await("a commit by every writer after " + after, PROGRESS, () -> {
                for (int i = 0; i < writers.size(); i++) {
                    if (writers.get(i).done() < before.get(i) + 2) {
                        return false;
                    }
                }
                return true;
            });
        } catch (ClusterException e) {
            for (int i = 0; i < writers.size(); i++) {
                out.printf(
                        "%s: %d commits since%n",
                        threads.get(i).getName(), writers.get(i).done() - before.get(i));
                for (StackTraceElement frame : threads.get(i).getStackTrace()) {
                    out.println("    at " + frame);
                }
            }
            tellBackends();
            told.undocumented().forEach((text, times) -> out.println(times + " x " + text));
            throw e;
        }
    }

    /** Without this, a campaign that stops says nothing of what it waits for. */
    private void tellBackends() {
        try (Backends backends = Backends.of(cluster, cluster.awaitPrimary(HEAL))) {
            backends.activity().forEach(out::println);
        } catch (SQLException | ClusterException e) {
            out.println("the primary does not say what it is doing: " + e.getMessage());
        }
    }

    private void await(String what, Duration longest, BooleanSupplier condition) throws InterruptedException {
        for (long end = System.nanoTime() + longest.toNanos(); !condition.getAsBoolean(); ) {
            if (System.nanoTime() - end > 0) {
                throw new ClusterException(
                        "there was not, within " + longest.toSeconds() + " s, " + what + "; errors: " + told.errors());
            }
            Thread.sleep(50);
        }
    }

    private int stop() throws InterruptedException {
        long end = System.nanoTime() + HEAL.toNanos();
        int stuck = 0;
        for (Thread thread : threads) {
            thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
            if (thread.isAlive()) {
                stuck++;
                thread.interrupt();
            }
        }
        return stuck;
    }
}
