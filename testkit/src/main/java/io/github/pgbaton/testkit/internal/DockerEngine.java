package io.github.pgbaton.testkit.internal;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import io.github.pgbaton.testkit.ClusterException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.DockerClientFactory;

/** The engine that runs containers; whatever of it the testkit made carries a label that names the JVM it belongs to. */
final class DockerEngine {
    private static final Logger LOG = LoggerFactory.getLogger(DockerEngine.class);
    private static final String OWNER = "io.github.pgbaton.testkit.owner";
    private static final String RYUK_DISABLED = "TESTCONTAINERS_RYUK_DISABLED";

    private static final String PLACE = place();

    private final DockerClient client;

    private DockerEngine(DockerClient client) {
        this.client = client;
    }

    /**
     * The engine that Testcontainers finds.
     *
     * @throws ClusterException when there is none; says what to do
     */
    static DockerEngine find() {
        if (!DockerClientFactory.instance().isDockerAvailable()) {
            throw new ClusterException(
                    "no Docker engine answers, and a cluster of containers needs one: start it (on Debian"
                            + " ./run docker-setup installs and starts one). A local cluster needs none."
                            + (Boolean.parseBoolean(System.getenv(RYUK_DISABLED))
                                    ? ""
                                    : " If there is an engine and no registry, set " + RYUK_DISABLED
                                            + "=true: Testcontainers otherwise runs its image for cleaning up, and the testkit"
                                            + " removes its containers itself."));
        }
        return new DockerEngine(DockerClientFactory.instance().client());
    }

    DockerClient client() {
        return client;
    }

    /** What marks a container or network as this JVM's. */
    static Map<String, String> labels() {
        ProcessHandle self = ProcessHandle.current();
        Map<String, String> labels = new OursAlone();
        labels.put(OWNER, owner(self.pid(), self.info().startInstant()));
        return labels;
    }

    /**
     * Does not take the label by which Testcontainers would find a container at the end of the JVM: two that remove the same
     * one at the same time fail, and a stack trace is what somebody sees who presses Ctrl-C.
     */
    private static final class OursAlone extends HashMap<String, String> {
        private static final long serialVersionUID = 1L;

        @Override
        public @Nullable String put(String label, String value) {
            return label.equals(DockerClientFactory.TESTCONTAINERS_SESSION_ID_LABEL) ? null : super.put(label, value);
        }

        @Override
        public void putAll(Map<? extends String, ? extends String> labels) {
            labels.forEach(this::put);
        }
    }

    private static String owner(long pid, Optional<Instant> start) {
        return pid + "@" + start.map(Instant::toEpochMilli).orElse(0L) + "@" + PLACE;
    }

    /**
     * Where process ids mean what they mean here: this boot of this machine and this container of it. Others may use the
     * same engine, and their processes look dead from here.
     */
    private static String place() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip()
                    + Files.readSymbolicLink(Path.of("/proc/self/ns/pid"));
        } catch (IOException e) {
            // No Linux: nobody shares the engine of a desktop.
            return "desktop";
        }
    }

    /** Removes what JVMs left behind that ended without a chance to: kill -9 takes no shutdown hook along. */
    void sweep() {
        for (Container container : client.listContainersCmd()
                .withShowAll(true)
                .withLabelFilter(List.of(OWNER))
                .exec()) {
            if (isAbandoned(container.getLabels())) {
                LOG.info("removing a container of a JVM that is gone: {}", List.of(container.getNames()));
                remove(container.getId());
            }
        }
        client.listNetworksCmd().exec().stream()
                .filter(network -> isAbandoned(network.getLabels()))
                .forEach(network -> removeNetwork(network.getId()));
    }

    private static boolean isAbandoned(Map<String, String> labels) {
        String owner = labels == null ? null : labels.get(OWNER);
        if (owner == null || !owner.endsWith("@" + PLACE)) {
            return false;
        }
        long pid = Long.parseLong(owner.substring(0, owner.indexOf('@')));
        Optional<ProcessHandle> process = ProcessHandle.of(pid);
        return process.isEmpty()
                || !owner(pid, process.get().info().startInstant()).equals(owner);
    }

    /** How a container is; empty when it was removed. */
    Optional<InspectContainerResponse.ContainerState> state(String id) {
        try {
            return Optional.of(client.inspectContainerCmd(id).exec().getState());
        } catch (NotFoundException e) {
            return Optional.empty();
        }
    }

    /** Ends and removes a container with its data; one that is gone already is fine. */
    void remove(String id) {
        try {
            client.removeContainerCmd(id)
                    .withForce(true)
                    .withRemoveVolumes(true)
                    .exec();
        } catch (NotFoundException | ConflictException e) {
            // Somebody else was faster, or is just about it: another JVM may sweep, too.
        } catch (RuntimeException e) {
            LOG.warn("container {} could not be removed", id, e);
        }
    }

    void removeNetwork(String id) {
        try {
            client.removeNetworkCmd(id).exec();
        } catch (NotFoundException e) {
            // As above.
        } catch (RuntimeException e) {
            LOG.warn("network {} could not be removed", id, e);
        }
    }
}
