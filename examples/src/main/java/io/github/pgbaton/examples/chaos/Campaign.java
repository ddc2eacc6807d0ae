package io.github.pgbaton.examples.chaos;

import io.github.pgbaton.event.FailoverListeners;
import io.github.pgbaton.examples.demo.Route;
import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.UnsupportedFaultException;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
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
    private final long seed;
    private final PrintStream out;
    private final Told told = new Told();
    private final Audited audited = new Audited();
    private final List<Writer> writers = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Deque<Havoc> deck = new ArrayDeque<>();
    private final Random random;
    private final boolean synchronous;

    /**
     * @param cluster healthy and empty; somebody else closes it
     * @param seed of everything that is chosen
     * @param synchronous whether the cluster replicates synchronously
     * @param out for people
     */
    public Campaign(PatroniCluster cluster, long seed, boolean synchronous, PrintStream out) {
        this.cluster = cluster;
        this.seed = seed;
        this.synchronous = synchronous;
        this.out = out;
        this.random = new Random(seed);
    }

    /**
     * Has the fault at which this guard matters come first.
     *
     * @param guard as in the system property that takes it away
     */
    public void aimAt(String guard) {
        Havoc aimed = switch (guard) {
            case "tombstone" -> Havoc.STALL;
            case "barrier" -> Havoc.CRASH;
            case "digest" -> Havoc.TERMINATE;
            default -> throw new IllegalArgumentException("no guard is called " + guard);
        };
        deck.add(aimed);
    }

    /**
     * @param failovers how many faults
     * @return whether everything is as the application was told
     */
    public boolean run(int failovers) throws SQLException, InterruptedException {
        try (Connection primary =
                        Route.direct(cluster, cluster.awaitPrimary(HEAL)).open();
                Statement statement = primary.createStatement()) {
            Work.prepare(primary);
            statement.execute(LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()));
        }
        FailoverListeners.add(audited);
        try {
            return underLoad(failovers);
        } finally {
            FailoverListeners.remove(audited);
        }
    }

    private boolean underLoad(int failovers) throws SQLException, InterruptedException {
        try {
            start();
            progress("the calm before it");
            for (int i = 1; i <= failovers; i++) {
                failover(i, failovers);
            }
        } finally {
            writers.forEach(Writer::stop);
        }
        int stuck = stop();
        try (Connection primary =
                Route.direct(cluster, cluster.awaitPrimary(HEAL)).open()) {
            Findings found = Audit.of(primary, told, audited, stuck);
            out.println();
            out.print(found.table());
            return found.isClean(!synchronous);
        }
    }

    private void start() {
        Route plain = Route.pgbaton(cluster);
        // No error for want of a primary, which takes its time to come on a loaded machine.
        Route route = new Route(
                plain.name(),
                plain.url() + "&failoverTimeout=" + PATIENCE.toSeconds() + "s",
                plain.user(),
                plain.password());
        SplittableRandom seeds = new SplittableRandom(seed);
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

    private void failover(int number, int of) throws SQLException, InterruptedException {
        Thread.sleep(500 + random.nextInt(2000));
        Havoc havoc = next();
        String primary = cluster.awaitPrimary(HEAL);
        out.printf("%2d/%d  %-14s on %s: %s%n", number, of, havoc, primary, havoc.text());
        try {
            havoc.inject(cluster, primary);
        } catch (UnsupportedFaultException e) {
            out.println("       not on this machine: " + e.getMessage() + "; instead, " + Havoc.KILL.text());
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
        progress(havoc.toString());
    }

    private Havoc next() {
        if (deck.isEmpty()) {
            List<Havoc> all = new ArrayList<>(Arrays.asList(Havoc.values()));
            if (!synchronous) {
                // They need a COMMIT that waits for a standby.
                all.removeAll(List.of(Havoc.STALL, Havoc.CRASH, Havoc.SWITCHOVER, Havoc.TWICE));
            }
            Collections.shuffle(all, random);
            deck.addAll(all);
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
