package io.github.pgbaton.examples.demo;

import io.github.pgbaton.examples.ExampleWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Several threads that write in one way, each a row about every ten milliseconds, until told to stop. */
public final class Load {
    private static final long PERIOD_MILLIS = 10;

    private final String name;
    private final ExampleWriter.Source source;
    private final boolean borrowing;
    private final Ledger ledger = new Ledger();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopping;

    private Load(String name, ExampleWriter.Source source, boolean borrowing) {
        this.name = name;
        this.source = source;
        this.borrowing = borrowing;
    }

    /** Starts the threads, each with a connection of its own; they write until {@link #stop}. */
    public static Load start(Route route, int threads) {
        return new Load(route.name(), route, false).start(threads);
    }

    /** Starts the threads, which take a connection for each row and give it back, as to a pool. */
    public static Load borrowing(String name, ExampleWriter.Source source, int threads) {
        return new Load(name, source, true).start(threads);
    }

    private Load start(int count) {
        for (int i = 1; i <= count; i++) {
            String writer = prefix() + i;
            Thread thread = new Thread(() -> write(writer), writer);
            // A thread may hang in a driver for ever; the program still ends.
            thread.setDaemon(true);
            threads.add(thread);
            thread.start();
        }
        return this;
    }

    public String name() {
        return name;
    }

    /** What they were told so far. */
    public Ledger ledger() {
        return ledger;
    }

    /** What the keys of this load begin with. */
    String prefix() {
        return name + "-";
    }

    private void write(String thread) {
        try (ExampleWriter writer = new ExampleWriter(source, ledger)) {
            for (int n = 1; !stopping; n++) {
                String key = thread + "-" + n;
                ledger.acknowledged(key, writer.write(key));
                if (borrowing) {
                    writer.close();
                }
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
