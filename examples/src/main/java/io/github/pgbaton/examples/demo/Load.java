package io.github.pgbaton.examples.demo;

import io.github.pgbaton.examples.ExampleWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Several threads that write through one route, each a row about every ten milliseconds, until told to stop. */
public final class Load {
    private static final long PERIOD_MILLIS = 10;

    private final Route route;
    private final Ledger ledger = new Ledger();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopping;

    private Load(Route route) {
        this.route = route;
    }

    /** Starts the threads; they write until {@link #stop}. */
    public static Load start(Route route, int threads) {
        Load load = new Load(route);
        for (int i = 1; i <= threads; i++) {
            String name = load.prefix() + i;
            Thread thread = new Thread(() -> load.write(name), name);
            // A thread may hang in a driver for ever; the program still ends.
            thread.setDaemon(true);
            load.threads.add(thread);
            thread.start();
        }
        return load;
    }

    public Route route() {
        return route;
    }

    /** What they were told so far. */
    public Ledger ledger() {
        return ledger;
    }

    /** What the keys of this route begin with. */
    String prefix() {
        return route.name() + "-";
    }

    private void write(String name) {
        try (ExampleWriter writer = new ExampleWriter(route, ledger)) {
            for (int n = 1; !stopping; n++) {
                String key = name + "-" + n;
                ledger.acknowledged(key, writer.write(key));
                Thread.sleep(PERIOD_MILLIS);
            }
        } catch (InterruptedException e) {
            // Told to stop in the middle of an outage: the last key stays open.
        }
    }

    /** Has every thread finish its row and returns how many did not in time. */
    public int stop(Duration deadline) throws InterruptedException {
        stopping = true;
        long end = System.nanoTime() + deadline.toNanos();
        int late = 0;
        for (Thread thread : threads) {
            thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
            if (thread.isAlive()) {
                late++;
                thread.interrupt();
            }
        }
        return late;
    }
}
