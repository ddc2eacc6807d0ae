package io.github.pgbaton.testkit;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

/** Prints how long a cluster takes to start, and how long no member is writable after each fault. */
public final class Measure {
    private static final Duration DEADLINE = Duration.ofMinutes(3);

    private Measure() {}

    /**
     * Measures each fault with these times.
     *
     * @param args ttl, loop_wait and retry_timeout in seconds, how often, and the faults
     */
    public static void main(String[] args) {
        Duration ttl = Duration.ofSeconds(args.length > 0 ? Long.parseLong(args[0]) : 30);
        Duration loopWait = Duration.ofSeconds(args.length > 1 ? Long.parseLong(args[1]) : 10);
        Duration retryTimeout = Duration.ofSeconds(args.length > 2 ? Long.parseLong(args[2]) : 10);
        int rounds = args.length > 3 ? Integer.parseInt(args[3]) : 1;
        List<String> faults = args.length > 4
                ? List.of(args).subList(4, args.length)
                : List.of("kill", "freeze", "switchover", "killPostgres");
        long begin = System.nanoTime();
        try (PatroniCluster cluster = PatroniCluster.local()
                .ttl(ttl)
                .loopWait(loopWait)
                .retryTimeout(retryTimeout)
                .start()) {
            print("start", begin, "");
            Truth truth = cluster.truth();
            for (int round = 0; round < rounds; round++) {
                for (String fault : faults) {
                    measure(cluster, truth, fault);
                }
            }
            begin = System.nanoTime();
        }
        print("close", begin, "");
    }

    private static void measure(PatroniCluster cluster, Truth truth, String fault) {
        String primary = cluster.awaitPrimary(DEADLINE);
        int before = truth.outages().size();
        switch (fault) {
            case "kill" -> cluster.kill(primary);
            case "freeze" -> cluster.freeze(primary);
            case "switchover" -> cluster.switchover(cluster.syncStandby().orElseThrow());
            case "killPostgres" -> cluster.killPostgres(primary);
            default -> throw new IllegalArgumentException(fault);
        }
        long begin = System.nanoTime();
        while (truth.outages().size() == before || truth.outages().get(before).open()) {
            if (System.nanoTime() - begin > DEADLINE.toNanos()) {
                throw new IllegalStateException(fault + ": no end of the outage");
            }
            LockSupport.parkNanos(20_000_000);
        }
        Truth.Outage outage = truth.outages().get(before);
        System.out.printf(
                Locale.ROOT,
                "%-14s no member writable %6.2f s, %s -> %s%n",
                fault,
                outage.length().toMillis() / 1000.0,
                outage.lastWritable(),
                outage.nextWritable().orElseThrow());
        begin = System.nanoTime();
        cluster.restore(DEADLINE);
        print("  restored", begin, "");
    }

    private static void print(String what, long begin, String more) {
        System.out.printf(Locale.ROOT, "%-14s %6.2f s %s%n", what, (System.nanoTime() - begin) / 1_000_000_000.0, more);
    }
}
