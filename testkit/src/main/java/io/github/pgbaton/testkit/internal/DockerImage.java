package io.github.pgbaton.testkit.internal;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.BuildImageResultCallback;
import com.github.dockerjava.api.exception.NotFoundException;
import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.Generation;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The image that every container runs; its tag tells the content it was built from, so that no old one is ever used. */
final class DockerImage {
    private static final Logger LOG = LoggerFactory.getLogger(DockerImage.class);
    private static final List<String> FILES = List.of("Dockerfile", "start");
    private static final int BUILD_MINUTES = 10;

    private DockerImage() {}

    /** The name of this generation's image, which is there when this returns. */
    static synchronized String of(Generation generation, DockerClient client) {
        String name = "pgbaton-testkit:" + generation + "-" + digest();
        try {
            client.inspectImageCmd(name).exec();
        } catch (NotFoundException e) {
            LOG.info("building {}: that takes a few minutes, once", name);
            build(generation, name, client);
        }
        return name;
    }

    private static void build(Generation generation, String name, DockerClient client) {
        String base = "debian:" + generation + "-slim";
        try {
            Path directory = Files.createTempDirectory("pgbaton-image");
            try {
                for (String file : FILES) {
                    Files.write(directory.resolve(file), content(file));
                }
                client.buildImageCmd(directory.toFile())
                        .withBuildArg("BASE", base)
                        .withNetworkMode("host")
                        .withTags(Set.of(name))
                        .exec(new BuildImageResultCallback())
                        .awaitImageId(BUILD_MINUTES, TimeUnit.MINUTES);
            } finally {
                for (String file : FILES) {
                    Files.deleteIfExists(directory.resolve(file));
                }
                Files.delete(directory);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            throw new ClusterException(
                    name + " could not be built from " + base + ". Where no registry answers, ./run docker-setup makes"
                            + " both with debootstrap",
                    e);
        }
    }

    /** As testkit/docker/setup works it out. */
    private static String digest() {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            FILES.forEach(file -> sha256.update(content(file)));
            return HexFormat.of().formatHex(sha256.digest()).substring(0, 12);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    private static byte[] content(String file) {
        try (InputStream in = DockerImage.class.getResourceAsStream("image/" + file)) {
            return Objects.requireNonNull(in).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
