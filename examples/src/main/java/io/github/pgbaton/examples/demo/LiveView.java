package io.github.pgbaton.examples.demo;

import io.github.pgbaton.testkit.EtcdEvents;
import io.github.pgbaton.testkit.EtcdEvents.Event;
import io.github.pgbaton.testkit.EtcdEvents.Kind;
import java.io.PrintStream;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;

/** Prints one line a second: the truth, what each route does, and what etcd told meanwhile; used by one thread. */
final class LiveView implements AutoCloseable {
    private static final int LONGEST_VALUE = 60;

    private final PrintStream out;
    private final List<Load> loads;
    private final int[] before;
    private final Queue<Event> told = new ConcurrentLinkedQueue<>();
    private final EtcdEvents.Subscription subscription;
    private final long startNanos = System.nanoTime();
    private long lastNanos = startNanos;

    LiveView(PrintStream out, EtcdEvents events, List<Load> loads) {
        this.out = out;
        this.loads = loads;
        this.before = new int[loads.size()];
        this.subscription = events.subscribe(told::add);
    }

    void head() {
        out.printf("%6s  %-10s  ", "time", "primary");
        loads.forEach(load -> out.printf("%9s  %6s  ", load.name(), "errors"));
        out.println("phase");
    }

    void line(String primary, String phase) {
        long now = System.nanoTime();
        double seconds = (now - lastNanos) / 1e9;
        lastNanos = now;
        StringBuilder line = new StringBuilder("%4d s  %-10s  ".formatted((now - startNanos) / 1_000_000_000, primary));
        for (int i = 0; i < before.length; i++) {
            Ledger.Tally tally = loads.get(i).ledger().tally();
            line.append("%7.0f/s  %6d  ".formatted((tally.commits() - before[i]) / seconds, tally.errors()));
            before[i] = tally.commits();
        }
        line.append(phase);
        String events =
                told.stream().filter(LiveView::matters).map(LiveView::text).collect(Collectors.joining(", "));
        told.clear();
        out.println(events.isEmpty() ? line : line + "; etcd: " + events);
    }

    void say(String text) {
        out.println("        " + text);
    }

    /** Members report their WAL position every few seconds, which tells nothing here. */
    static boolean matters(Event event) {
        return event.kind() == Kind.DELETE
                || List.of("leader", "failover", "sync", "history").contains(event.key());
    }

    static String text(Event event) {
        String value = event.value().orElse("");
        String shown = value.length() > LONGEST_VALUE ? "..." + value.substring(value.length() - LONGEST_VALUE) : value;
        return event.kind() + " " + event.key() + (shown.isEmpty() ? "" : " " + shown);
    }

    @Override
    public void close() {
        subscription.close();
    }
}
