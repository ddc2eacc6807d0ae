package io.github.pgbaton.internal.rest;

import java.net.URI;
import java.time.Duration;

/** Asks one member once, in a JVM of its own, whose key store and trust store are what its options say. */
final class AskOnce {
    private AskOnce() {}

    public static void main(String[] endpoint) throws Exception {
        System.out.print(new HttpCall(URI.create(endpoint[0]), "/cluster")
                .run(Duration.ofSeconds(20))
                .body());
    }
}
