package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.event.FailoverListeners;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.PatroniClusterExtension;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * A name server that does not answer takes from nobody what needs no answer of it: neither the source nor another member
 * nor the callers' deadlines.
 *
 * <p>The application is a JVM of its own, which asks a file for names; that file is a pipe, so that each look-up hangs
 * until somebody writes into it.
 */
@Timeout(180)
class HungNameServerIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String HUNG = "hung.example";

    @RegisterExtension
    static final PatroniClusterExtension CLUSTER = Clusters.quick();

    @TempDir
    Path directory;

    private PatroniCluster cluster;
    private String primary;
    private Path nameServer;
    private final List<Process> applications = new ArrayList<>();

    @BeforeEach
    void open() throws Exception {
        cluster = CLUSTER.cluster();
        primary = cluster.awaitPrimary(PATIENCE);
        nameServer = directory.resolve("names");
        assertThat(new ProcessBuilder("mkfifo", nameServer.toString()).start().waitFor())
                .isZero();
    }

    @AfterEach
    void close() {
        applications.forEach(Process::destroyForcibly);
    }

    /** Connects as often as there are time-outs, the second time when the leader is known, and says what became of each. */
    private List<String> application(String url, String... failoverTimeouts) throws Exception {
        return said(started(url, failoverTimeouts));
    }

    private Process started(String url, String... failoverTimeouts) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djdk.net.hosts.file=" + nameServer,
                "-cp",
                System.getProperty("java.class.path"),
                Application.class.getName(),
                url,
                cluster.user(),
                cluster.password()));
        command.addAll(List.of(failoverTimeouts));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        applications.add(process);
        return process;
    }

    private List<String> said(Process application) throws Exception {
        assertThat(application.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as("the application ends")
                .isTrue();
        try (BufferedReader out = application.inputReader(StandardCharsets.UTF_8)) {
            return out.lines().filter(line -> line.startsWith("> ")).toList();
        }
    }

    private String url(String authority, String... parameters) {
        return "jdbc:pgbaton:postgresql://" + authority + "/" + cluster.database() + "?handshakeTimeout=2s&scope="
                + cluster.scope() + "&namespace=" + cluster.namespace() + "&" + String.join("&", parameters);
    }

    private String etcd() {
        return cluster.etcd().stream().map(URI::toString).collect(Collectors.joining(","));
    }

    @Test
    void etcdIsReadThroughTheMembersWhoseAddressIsKnown() throws Exception {
        assertThat(application(url("", "etcd=http://" + HUNG + ":2379," + etcd()), "30s"))
                .containsExactly("> connected to the primary", "> the name server hangs");
    }

    @Test
    void restIsReadThroughTheMembersWhoseAddressIsKnown() throws Exception {
        assertThat(application(url("", "patroni=http://" + HUNG + ":8008," + Clusters.rest(cluster)), "30s"))
                .containsExactly("> connected to the primary", "> the name server hangs");
    }

    @Test
    void membersAreAskedWhoseAddressIsKnown() throws Exception {
        assertThat(application(url(HUNG + ":5432," + cluster.seeds()), "30s"))
                .containsExactly("> connected to the primary", "> the name server hangs");
    }

    @Test
    void everyCallerOfALeaderThatCannotBeLookedUpIsToldAtItsDeadline() throws Exception {
        String hung = url("", "etcd=" + etcd(), "memberMap=*=" + HUNG);
        List<String> said = application(hung, "12s", "1s", "2s", "3s");
        assertThat(said)
                .extracting(line -> line.split(",", 2)[0])
                .containsExactly(
                        "> 08001 after 12s",
                        "> 08001 after 1s",
                        "> 08001 after 2s",
                        "> 08001 after 3s",
                        "> the name server hangs");
        assertThat(said.get(0)).as("what the one is told that asks the leader").endsWith("for want of a name");
    }

    @Test
    void whoeverWaitsGoesOnWhenTheNameServerAnswers() throws Exception {
        String leader = cluster.postgres(primary).getAddress().getHostAddress();
        Process application = started(url("", "etcd=" + etcd(), "memberMap=" + primary + "=" + HUNG), "60s");
        // Blocks until somebody asks.
        Calls.start("name-server", () -> Files.writeString(nameServer, leader + " " + HUNG + "\n"))
                .await(PATIENCE.toSeconds());
        assertThat(said(application)).containsExactly("> connected to the primary", "> the name server hangs");
    }

    /** What runs in the JVM that cannot look up a name. */
    public static final class Application {
        private Application() {}

        public static void main(String[] args) throws Exception {
            List<Calls.Call<String>> callers = new ArrayList<>();
            CountDownLatch elected = new CountDownLatch(1);
            FailoverListeners.add(event -> {
                if (event instanceof FailoverEvent.LeaderElected) {
                    elected.countDown();
                }
            });
            for (String failoverTimeout : List.of(args).subList(3, args.length)) {
                callers.add(Calls.start("caller", () -> connect(args, failoverTimeout)));
                if (callers.size() + 3 < args.length && !elected.await(30, TimeUnit.SECONDS)) {
                    System.out.println("> no leader");
                }
            }
            for (Calls.Call<String> caller : callers) {
                System.out.println("> " + caller.await(50));
            }
            Calls.Call<String> another = Calls.start("another", Application::lookUp);
            await().during(Duration.ofMillis(300))
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> !another.isDone());
            System.out.println("> the name server hangs");
            // Not waiting for what hangs.
            Runtime.getRuntime().halt(0);
        }

        private static String lookUp() throws UnknownHostException {
            return InetAddress.getByName("another.example").getHostAddress();
        }

        private static String connect(String[] args, String failoverTimeout) {
            long began = System.nanoTime();
            BatonDataSource source = new BatonDataSource(args[0] + "&failoverTimeout=" + failoverTimeout);
            source.setUser(args[1]);
            source.setPassword(args[2]);
            try (Connection connection = source.getConnection();
                    Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("SELECT NOT pg_is_in_recovery()")) {
                row.next();
                return row.getBoolean(1) ? "connected to the primary" : "connected to a replica";
            } catch (SQLException e) {
                long late = System.nanoTime()
                        - began
                        - Duration.ofSeconds(seconds(failoverTimeout)).toNanos();
                boolean inTime = late >= 0 && late < Duration.ofSeconds(15).toNanos();
                return e.getSQLState() + (inTime ? " after " + failoverTimeout : " too late") + ", "
                        + (e.getMessage().contains("name server") ? "for want of a name" : e.getMessage());
            }
        }

        private static long seconds(String text) {
            return Long.parseLong(text.replace("s", ""));
        }
    }
}
