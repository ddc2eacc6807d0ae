package io.github.pgbaton.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Two JVMs have a cluster each; kill -9 of one JVM ends its cluster, frozen processes too, and not the other's. */
class SideBySideIT {
    @RegisterExtension
    static final PatroniClusterExtension PATRONI = Clusters.fast();

    @Test
    void killingTheJvmEndsItsCluster(PatroniCluster cluster) throws Exception {
        Process jvm = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        LoneCluster.class.getName())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String seeds;
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(jvm.getInputStream(), StandardCharsets.UTF_8))) {
            seeds = lines.lines()
                    .filter(line -> line.startsWith("seeds "))
                    .findFirst()
                    .orElseThrow()
                    .substring("seeds ".length());
        } finally {
            jvm.destroyForcibly();
        }

        assertThat(cluster.seeds()).doesNotContain(seeds);
        // 127.77.<number>.11:5432
        String number = seeds.split("\\.")[2];
        Path directory = Path.of(System.getProperty("java.io.tmpdir"), "pgbaton-testkit-" + number);
        await().atMost(Duration.ofSeconds(20)).until(() -> !Files.exists(directory));
        assertThat(processesIn(directory)).isEmpty();
        cluster.awaitHealthy(Duration.ofSeconds(20));
    }

    private static List<String> processesIn(Path directory) throws IOException {
        List<String> found = new ArrayList<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                try {
                    String cwd = Files.readSymbolicLink(process.resolve("cwd")).toString();
                    if (cwd.startsWith(directory + "/")) {
                        found.add(process + " " + Files.readString(process.resolve("stat")));
                    }
                } catch (IOException e) {
                    // It ended, or is not ours to see.
                }
            }
        }
        return found;
    }
}
