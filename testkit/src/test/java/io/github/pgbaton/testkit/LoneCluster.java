package io.github.pgbaton.testkit;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** A program that starts a cluster, breaks it, says so and waits to be killed. */
public final class LoneCluster {
    private LoneCluster() {}

    /** Prints the cluster's seeds when all is in place. */
    public static void main(String[] args) throws InterruptedException {
        PatroniCluster cluster = PatroniCluster.local().members(1).start();
        cluster.awaitPrimary(Duration.ofSeconds(30));
        cluster.truth();
        cluster.freeze("node1");
        System.out.println("seeds " + cluster.seeds());
        new CountDownLatch(1).await();
    }
}
