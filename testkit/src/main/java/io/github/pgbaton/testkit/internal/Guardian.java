package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.ClusterException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process that ends everything of a cluster when this JVM closes it or dies, even of kill -9.
 *
 * <p>It waits for the end of a pipe whose other end only this JVM holds. {@link #close} goes the same way, so that the
 * way is tried every time.
 */
final class Guardian {
    static final String NAME = "pgbaton-testkit-guardian";

    private static final Logger LOG = LoggerFactory.getLogger(Guardian.class);

    private final Process process;

    private Guardian(Process process) {
        this.process = process;
    }

    static Guardian start(Site site) {
        try {
            ProcessBuilder builder = new ProcessBuilder(
                            "setsid",
                            "sh",
                            "-c",
                            script(),
                            NAME,
                            site.directory().toString(),
                            Integer.toString(site.firstGid()),
                            Integer.toString(site.lastGid()),
                            site.table())
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD);
            Shell.cleanEnvironment(builder.environment());
            Process process = builder.start();
            Files.writeString(pidFile(site.directory()), Long.toString(process.pid()));
            return new Guardian(process);
        } catch (IOException e) {
            throw new ClusterException("the guardian did not start", e);
        }
    }

    static Path pidFile(Path directory) {
        return directory.resolve("guardian.pid");
    }

    private static String script() throws IOException {
        try (InputStream in = Guardian.class.getResourceAsStream("guardian.sh")) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Has it do its work, and waits until it is done. */
    void close() {
        try {
            process.getOutputStream().close();
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                // Removing gigabytes from a busy disk takes its time; the processes are long dead.
                LOG.warn("the guardian has not finished yet, and goes on alone");
            }
        } catch (IOException e) {
            throw new ClusterException("the guardian could not be told", e);
        } catch (InterruptedException e) {
            // It finishes without us.
            Thread.currentThread().interrupt();
        }
    }
}
