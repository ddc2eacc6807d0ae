package io.github.pgbaton.etcd;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** One real etcd member as a child process on a loopback port of its own; it can be broken in every way that matters. */
final class EtcdProcess {
    private final String name;
    private final Path directory;
    private final List<String> command;
    private final int port;
    private final boolean tls;
    private @Nullable Process process;

    private EtcdProcess(String name, Path directory, int port, boolean tls, List<String> command) {
        this.name = name;
        this.directory = directory;
        this.port = port;
        this.tls = tls;
        this.command = command;
    }

    /** Lays out a cluster of stopped members. */
    static List<EtcdProcess> cluster(int size, Path directory, String... extra) {
        int[] client = new int[size];
        int[] peer = new int[size];
        StringBuilder initial = new StringBuilder();
        for (int i = 0; i < size; i++) {
            client[i] = freePort();
            peer[i] = freePort();
            initial.append(i == 0 ? "" : ",").append("m" + i + "=http://127.0.0.1:" + peer[i]);
        }
        boolean tls = Arrays.asList(extra).contains("--cert-file");
        String scheme = tls ? "https" : "http";
        List<EtcdProcess> members = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            List<String> command = new ArrayList<>(List.of(
                    "etcd",
                    "--name",
                    "m" + i,
                    "--data-dir",
                    directory.resolve("m" + i).toString(),
                    "--listen-client-urls",
                    scheme + "://127.0.0.1:" + client[i],
                    "--advertise-client-urls",
                    scheme + "://127.0.0.1:" + client[i],
                    "--listen-peer-urls",
                    "http://127.0.0.1:" + peer[i],
                    "--initial-advertise-peer-urls",
                    "http://127.0.0.1:" + peer[i],
                    "--initial-cluster",
                    initial.toString(),
                    "--heartbeat-interval",
                    "50",
                    "--election-timeout",
                    "500",
                    "--logger=zap",
                    "--log-level=warn"));
            command.addAll(Arrays.asList(extra));
            members.add(new EtcdProcess("m" + i, directory, client[i], tls, command));
        }
        return members;
    }

    /** The member that carries a source's watch, awaited where there is none yet. */
    static EtcdProcess watchedBy(EtcdLeaderSource source, List<EtcdProcess> members) {
        String name = Awaitility.await("a watch")
                .atMost(Duration.ofSeconds(20))
                .until(() -> Keys.get(source.watched()), watched -> !watched.isEmpty());
        return members.stream()
                .filter(member -> member.uri().toString().equals(name))
                .findFirst()
                .orElseThrow();
    }

    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    URI uri() {
        return URI.create((tls ? "https" : "http") + "://127.0.0.1:" + port);
    }

    int port() {
        return port;
    }

    void start() {
        try {
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(new File(directory.toFile(), name + ".log")))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void awaitHealthy() {
        Awaitility.await("health of " + name).atMost(Duration.ofSeconds(30)).until(this::healthy);
    }

    private boolean healthy() {
        try {
            if (tls) {
                new Socket(InetAddress.getLoopbackAddress(), port).close();
                return true;
            }
            HttpURLConnection http =
                    (HttpURLConnection) uri().resolve("/health").toURL().openConnection();
            http.setConnectTimeout(1000);
            http.setReadTimeout(2000);
            // The tests count connections: none may linger in the JDK's keep-alive cache.
            http.setRequestProperty("Connection", "close");
            boolean ok = http.getResponseCode() == 200;
            http.getInputStream().close();
            http.disconnect();
            return ok;
        } catch (IOException e) {
            return false;
        }
    }

    void kill() {
        Process p = process;
        if (p != null) {
            p.destroyForcibly();
            try {
                if (!p.waitFor(10, TimeUnit.SECONDS)) {
                    throw new IllegalStateException(name + " survives SIGKILL");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        process = null;
    }

    void freeze() {
        signal("-STOP");
    }

    void thaw() {
        signal("-CONT");
    }

    private void signal(String signal) {
        Process p = process;
        if (p == null) {
            throw new IllegalStateException(name + " does not run");
        }
        try {
            new ProcessBuilder("sh", "-c", "kill " + signal + " " + p.pid())
                    .start()
                    .waitFor(5, TimeUnit.SECONDS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Forgets everything, as a machine that was installed anew. */
    void wipe() {
        try (Stream<Path> files = Files.walk(directory.resolve(name))) {
            files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
