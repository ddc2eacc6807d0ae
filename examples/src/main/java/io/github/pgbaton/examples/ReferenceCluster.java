package io.github.pgbaton.examples;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.pgbaton.examples.demo.Route;
import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.PatroniCluster;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The cluster that every example starts from; {@code up} holds one until the process is ended. */
@Command(name = "cluster", description = "The reference cluster.")
public final class ReferenceCluster {
    private static final Duration ANSWER = Duration.ofSeconds(2);

    private ReferenceCluster() {}

    static PatroniCluster start(Duration ttl) {
        return start(PatroniCluster.local(), ttl);
    }

    /** Patroni wants the ttl to outlast a pause and two retries; a third each is the proportion of its defaults. */
    static PatroniCluster start(PatroniCluster.Builder builder, Duration ttl) {
        Duration third = Duration.ofSeconds(ttl.toSeconds() / 3);
        return builder.scope("pgcluster")
                .namespace("/db")
                .ttl(ttl)
                .loopWait(third)
                .retryTimeout(third)
                .synchronousMode(true)
                .haproxy(true)
                .start();
    }

    /** A command line that shows of a cluster's errors what a user can act on, and of others everything. */
    static CommandLine commandLine(Object command) {
        return new CommandLine(command)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((error, line, parsed) -> {
                    if (!(error instanceof ClusterException)) {
                        throw error;
                    }
                    System.err.println(error.getMessage());
                    return 1;
                });
    }

    @Command(name = "up", description = "Starts it, writes down how to reach it, and holds it.")
    int up(@Parameters(paramLabel = "FILE") Path file) throws IOException, InterruptedException {
        try (PatroniCluster cluster = start(Duration.ofSeconds(30))) {
            Properties reach = new Properties();
            reach.setProperty("pgbaton", Route.pgbaton(cluster).url());
            reach.setProperty("haproxy", Route.haproxy(cluster).url());
            reach.setProperty("user", cluster.user());
            reach.setProperty("password", cluster.password());
            cluster.members()
                    .forEach(m -> reach.setProperty("rest." + m, cluster.rest(m).toString()));
            Path written = Files.createTempFile(file.toAbsolutePath().getParent(), "cluster", ".new");
            try (Writer out = Files.newBufferedWriter(written)) {
                reach.store(out, "a running cluster");
            }
            // Whoever waits for the file finds it whole.
            Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
            new CountDownLatch(1).await();
        }
        return 0;
    }

    @Command(name = "status", description = "Says how to reach it, and who is what in it.")
    int status(@Parameters(paramLabel = "FILE") Path file) throws IOException, InterruptedException {
        Properties reach = new Properties();
        try (Reader in = Files.newBufferedReader(file)) {
            reach.load(in);
        }
        System.out.println("pgbaton  " + reach.getProperty("pgbaton"));
        System.out.println("HAProxy  " + reach.getProperty("haproxy"));
        System.out.println("user " + reach.getProperty("user") + ", password " + reach.getProperty("password"));
        for (String name : reach.stringPropertyNames().stream().sorted().toList()) {
            if (name.startsWith("rest.")) {
                try {
                    members(URI.create(reach.getProperty(name))).forEach(ReferenceCluster::print);
                    return 0;
                } catch (IOException e) {
                    System.out.println(name.substring("rest.".length()) + ": Patroni does not answer");
                }
            }
        }
        return 1;
    }

    private static Iterable<JsonElement> members(URI patroni) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(patroni.resolve("/cluster"))
                .timeout(ANSWER)
                .build();
        String body = HttpClient.newHttpClient()
                .send(request, BodyHandlers.ofString())
                .body();
        return JsonParser.parseString(body).getAsJsonObject().getAsJsonArray("members");
    }

    private static void print(JsonElement member) {
        JsonObject m = member.getAsJsonObject();
        JsonElement timeline = m.get("timeline");
        System.out.printf(
                "%s  %s:%s  %s, %s%s%n",
                m.get("name").getAsString(),
                m.get("host").getAsString(),
                m.get("port").getAsString(),
                m.get("role").getAsString(),
                m.get("state").getAsString(),
                timeline == null ? "" : ", timeline " + timeline.getAsString());
    }

    public static void main(String[] args) {
        System.exit(commandLine(new ReferenceCluster()).execute(args));
    }
}
