package io.github.pgbaton.failover;

import static org.awaitility.Awaitility.await;

import io.github.pgbaton.testkit.PatroniCluster;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A PgBouncer beside one member, on the member's own address; ends with {@link #close}. */
final class Pooler implements AutoCloseable {
    static final int PORT = 6432;
    private static final boolean ROOT = System.getProperty("user.name").equals("root");

    private final Process process;

    private Pooler(Process process) {
        this.process = process;
    }

    static Pooler beside(PatroniCluster cluster, String member, Path directory) throws IOException {
        InetSocketAddress server = cluster.postgres(member);
        String host = server.getAddress().getHostAddress();
        Path users = Files.writeString(
                directory.resolve(member + ".users"), "\"" + cluster.user() + "\" \"" + cluster.password() + "\"\n");
        Path config = Files.writeString(directory.resolve(member + ".ini"), """
                [databases]
                * = host=%s port=%d
                [pgbouncer]
                listen_addr = %s
                listen_port = %d
                unix_socket_dir =
                auth_type = md5
                auth_file = %s
                pool_mode = session
                max_client_conn = 200
                default_pool_size = 100
                server_login_retry = 1
                ignore_startup_parameters = extra_float_digits
                %s
                """.formatted(
                        host, server.getPort(), host, PORT, users, ROOT ? "user = postgres" : ""));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Process process = new ProcessBuilder("/usr/sbin/pgbouncer", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(member + ".log").toFile())
                .start();
        Pooler pooler = new Pooler(process);
        await("a PgBouncer on " + host + ":" + PORT + "; its log is beside " + config)
                .atMost(Duration.ofSeconds(20))
                .until(() -> accepts(host));
        return pooler;
    }

    private static boolean accepts(String host) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, PORT), 1000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor(10, TimeUnit.SECONDS);
    }
}
