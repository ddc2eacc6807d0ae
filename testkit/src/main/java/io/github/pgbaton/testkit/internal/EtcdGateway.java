package io.github.pgbaton.testkit.internal;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.pgbaton.testkit.ClusterException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/** etcd through its JSON gateway; asks one endpoint after the other, each with a short deadline. */
final class EtcdGateway {
    private static final Duration DEADLINE = Duration.ofSeconds(1);

    private final Http http;
    private final List<URI> endpoints;
    private final String prefix;

    EtcdGateway(Http http, List<URI> endpoints, String prefix) {
        this.http = http;
        this.endpoints = endpoints;
        this.prefix = prefix;
    }

    /** A key relative to the cluster's prefix, with its value and lease (0: none). */
    record Entry(String key, String value, long lease) {}

    /** A consistent view of all keys. */
    record Snapshot(List<Entry> entries, long revision) {
        Optional<Entry> entry(String key) {
            return entries.stream().filter(e -> e.key().equals(key)).findFirst();
        }

        Optional<String> value(String key) {
            return entry(key).map(Entry::value);
        }
    }

    List<URI> endpoints() {
        return endpoints;
    }

    String prefix() {
        return prefix;
    }

    Http http() {
        return http;
    }

    /** All keys of the cluster now. */
    Snapshot snapshot() throws IOException {
        return parse(anyEndpoint("/v3/kv/range", rangeRequest()));
    }

    /** Asks this one endpoint only. */
    Snapshot snapshot(URI endpoint) throws IOException {
        return parse(ask(endpoint, "/v3/kv/range", rangeRequest()));
    }

    /** Whether this endpoint answers, and so has a quorum behind it. */
    boolean answers(URI endpoint) {
        try {
            snapshot(endpoint);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** The value of one key now; empty when there is none, or no etcd. */
    Optional<String> value(String key) {
        try {
            return snapshot().value(key);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The time to live with which this lease was granted. */
    Duration grantedTtl(long lease) throws IOException {
        JsonObject answer = anyEndpoint("/v3/lease/timetolive", "{\"ID\":\"" + lease + "\"}");
        return Duration.ofSeconds(number(answer, "grantedTTL"));
    }

    /** Forgets all revisions before the present one. */
    void compact() {
        try {
            long revision = snapshot().revision();
            anyEndpoint("/v3/kv/compaction", "{\"revision\":\"" + revision + "\",\"physical\":true}");
        } catch (IOException e) {
            throw new ClusterException("etcd did not compact", e);
        }
    }

    /** Removes a key, as an administrator would. */
    void delete(String key) throws IOException {
        anyEndpoint("/v3/kv/deleterange", "{\"key\":\"" + encode(prefix + key) + "\"}");
    }

    /** The request that watches the cluster's keys from this revision on. */
    String watchRequest(long revision) {
        return "{\"create_request\":{" + keyRange() + ",\"start_revision\":\"" + revision + "\"}}";
    }

    private String rangeRequest() {
        return "{" + keyRange() + "}";
    }

    private String keyRange() {
        // The range of a prefix ends with the prefix's last byte plus one; '0' follows '/'.
        String end = prefix.substring(0, prefix.length() - 1) + "0";
        return "\"key\":\"" + encode(prefix) + "\",\"range_end\":\"" + encode(end) + "\"";
    }

    private Snapshot parse(JsonObject answer) {
        List<Entry> entries = new ArrayList<>();
        JsonElement kvs = answer.get("kvs");
        for (JsonElement kv : kvs == null ? new JsonArray() : kvs.getAsJsonArray()) {
            JsonObject object = kv.getAsJsonObject();
            entries.add(new Entry(relativeKey(object), text(object, "value"), number(object, "lease")));
        }
        return new Snapshot(entries, number(answer.getAsJsonObject("header"), "revision"));
    }

    String relativeKey(JsonObject kv) {
        return text(kv, "key").substring(prefix.length());
    }

    /** A base64 member of this object, decoded; an absent one is an empty text, as everywhere in this format. */
    static String text(JsonObject object, String name) {
        JsonElement value = object.get(name);
        return value == null ? "" : new String(Base64.getDecoder().decode(value.getAsString()), StandardCharsets.UTF_8);
    }

    /** A number of this object; an absent one is 0. */
    static long number(JsonObject object, String name) {
        JsonElement value = object.get(name);
        return value == null ? 0 : value.getAsLong();
    }

    private static String encode(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private JsonObject anyEndpoint(String path, String json) throws IOException {
        IOException failure = new IOException("no etcd endpoint");
        for (URI endpoint : endpoints) {
            try {
                return ask(endpoint, path, json);
            } catch (IOException e) {
                failure = e;
            }
        }
        throw failure;
    }

    private JsonObject ask(URI endpoint, String path, String json) throws IOException {
        Http.Response response = http.post(endpoint.resolve(path), json, DEADLINE);
        if (response.status() != 200) {
            throw new IOException(endpoint + path + ": " + response);
        }
        return JsonParser.parseString(response.body()).getAsJsonObject();
    }
}
