package io.github.pgbaton.testkit.internal;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.pgbaton.testkit.ClusterException;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;

/** One member's Patroni REST API; a refusal becomes a {@link ClusterException} with Patroni's own words. */
final class PatroniRest {
    private static final Duration QUICK = Duration.ofSeconds(3);
    private static final Duration LONG = Duration.ofSeconds(120);

    private final Http http;
    private final URI base;

    PatroniRest(Http http, URI base) {
        this.http = http;
        this.base = base;
    }

    /** What the member says about itself. */
    JsonObject status() throws IOException {
        Http.Response response = http.get(base.resolve("/patroni"), QUICK);
        return JsonParser.parseString(response.body()).getAsJsonObject();
    }

    /** Changes these settings for the whole cluster; a change of nothing still wakes this member's Patroni. */
    void patchConfig(String json) {
        demand("PATCH", "/config", json, QUICK);
    }

    /** Wakes this member's Patroni from its pause between two rounds, if it is there to be woken. */
    void wake(Duration ttl) {
        try {
            http.exchange("PATCH", base.resolve("/config"), "{\"ttl\":" + ttl.toSeconds() + "}", QUICK);
        } catch (IOException e) {
            // Then it starts or stops, and works anyway.
        }
    }

    void restart() {
        demand("POST", "/restart", "{}", LONG);
    }

    void reinitialize() {
        demand("POST", "/reinitialize", "{\"force\":true}", QUICK);
    }

    void switchover(String from, String to) {
        demand("POST", "/switchover", "{\"leader\":\"" + from + "\",\"candidate\":\"" + to + "\"}", LONG);
    }

    void failover(String to) {
        demand("POST", "/failover", "{\"candidate\":\"" + to + "\"}", LONG);
    }

    private void demand(String method, String path, String json, Duration deadline) {
        Http.Response response;
        try {
            response = http.exchange(method, base.resolve(path), json, deadline);
        } catch (IOException e) {
            throw new ClusterException(method + " " + base.resolve(path) + " failed", e);
        }
        if (response.status() != 200) {
            throw new ClusterException("Patroni refused " + method + " " + base.resolve(path) + " " + json + ": "
                    + response.status() + " " + response.body().strip());
        }
    }
}
