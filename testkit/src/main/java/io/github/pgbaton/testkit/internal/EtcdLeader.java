package io.github.pgbaton.testkit.internal;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.pgbaton.testkit.ClusterException;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Finds the leader among etcd's members by asking each whether it is; needs nothing but their client endpoints. */
public final class EtcdLeader {
    private static final int DEADLINE_MILLIS = 1000;

    private EtcdLeader() {}

    /**
     * @param endpoints of all members, in their order
     * @return the index of the one that says it leads
     * @throws ClusterException when none does
     */
    public static int among(List<URI> endpoints) {
        StringBuilder answers = new StringBuilder();
        for (int i = 0; i < endpoints.size(); i++) {
            try {
                JsonObject status = status(endpoints.get(i));
                String self = text(status.getAsJsonObject("header"), "member_id");
                if (!self.isEmpty() && self.equals(text(status, "leader"))) {
                    return i;
                }
                answers.append(' ').append(status);
            } catch (IOException | RuntimeException e) {
                answers.append(' ').append(e);
            }
        }
        throw new ClusterException("no etcd member says that it leads:" + answers);
    }

    private static JsonObject status(URI endpoint) throws IOException {
        URLConnection opened =
                endpoint.resolve("/v3/maintenance/status").toURL().openConnection();
        HttpURLConnection request = (HttpURLConnection) opened;
        request.setConnectTimeout(DEADLINE_MILLIS);
        request.setReadTimeout(DEADLINE_MILLIS);
        request.setRequestMethod("POST");
        request.setDoOutput(true);
        try {
            request.getOutputStream().write("{}".getBytes(StandardCharsets.UTF_8));
            String body = new String(request.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return JsonParser.parseString(body).getAsJsonObject();
        } finally {
            request.disconnect();
        }
    }

    private static String text(JsonObject object, String name) {
        return object.has(name) ? object.get(name).getAsString() : "";
    }
}
