package io.github.pgbaton.testkit.internal;

import com.github.dockerjava.api.command.InspectContainerResponse.ContainerState;
import com.github.dockerjava.api.exception.DockerException;
import io.github.pgbaton.testkit.ClusterException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import org.testcontainers.containers.Container;
import org.testcontainers.containers.GenericContainer;

/** A part that is one container; its data and its published ports outlive every kill, until it is removed. */
final class ContainerUnit implements Unit {
    private static final Duration END = Duration.ofSeconds(20);
    private static final int TAIL = 20;

    private final String name;
    private final GenericContainer<?> container;
    private final DockerEngine engine;
    private final Consumer<ContainerUnit> begins;

    /**
     * @param begins told whenever it runs that did not before
     */
    ContainerUnit(String name, GenericContainer<?> container, DockerEngine engine, Consumer<ContainerUnit> begins) {
        this.name = name;
        this.container = container;
        this.engine = engine;
        this.begins = begins;
    }

    /** The id of its container, once it was started. */
    String id() {
        return Objects.requireNonNull(container.getContainerId(), "it was never started");
    }

    private boolean exists() {
        return container.getContainerId() != null;
    }

    private boolean is(Function<ContainerState, Boolean> what) {
        return exists() && engine.state(id()).map(what).orElse(false);
    }

    @Override
    public synchronized boolean start() {
        if (isRunning()) {
            return false;
        }
        try {
            if (exists()) {
                engine.client().startContainerCmd(id()).exec();
            } else {
                container.start();
            }
        } catch (RuntimeException e) {
            throw new ClusterException(name + " did not start: " + reason(e), e);
        }
        begins.accept(this);
        return true;
    }

    /** The innermost message: Testcontainers wraps what the engine said in several that say less. */
    private static String reason(Throwable e) {
        Throwable cause = e.getCause();
        return cause == null || cause == e ? e.toString() : reason(cause);
    }

    @Override
    public boolean isRunning() {
        return is(ContainerState::getRunning);
    }

    /** Whether commands can be run in it. */
    boolean isAwake() {
        return isRunning() && !isPaused();
    }

    boolean isPaused() {
        return is(ContainerState::getPaused);
    }

    @Override
    public void kill() {
        if (!isRunning()) {
            return;
        }
        try {
            // A paused one is killed, too: the engine lets it go on to its death.
            engine.client().killContainerCmd(id()).exec();
        } catch (DockerException e) {
            if (isRunning()) {
                throw new ClusterException(name + " could not be killed", e);
            }
        }
        Waiting.until(END, "the end of " + name, () -> isRunning() ? "it still runs" : null);
    }

    @Override
    public void killPostgres() {
        run("pkill", "-KILL", "-x", "postgres");
    }

    @Override
    public void freeze() {
        if (isAwake()) {
            engine.client().pauseContainerCmd(id()).exec();
        }
    }

    @Override
    public void freezePatroni() {
        run("pkill", "-STOP", "-x", "patroni");
    }

    @Override
    public boolean resume() {
        boolean paused = isPaused();
        if (paused) {
            engine.client().unpauseContainerCmd(id()).exec();
            begins.accept(this);
        }
        boolean stopped = hasStopped();
        if (stopped) {
            run("pkill", "-CONT", "-x", "patroni");
        }
        return paused || stopped;
    }

    @Override
    public boolean hasStopped() {
        return isPaused()
                || isRunning() && run("ps", "-eo", "stat=").getStdout().lines().anyMatch(s -> s.startsWith("T"));
    }

    /** Runs a command in the container, as its root; a status other than 0 is the caller's to judge. */
    Container.ExecResult run(String... command) {
        try {
            return container.execInContainer(command);
        } catch (IOException | RuntimeException e) {
            throw new ClusterException(name + " did not run " + List.of(command), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClusterException("interrupted", e);
        }
    }

    @Override
    public String logTail() {
        if (!exists()) {
            return name + " was never started";
        }
        try {
            List<String> lines = container.getLogs().lines().toList();
            return name + " wrote: " + String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL), lines.size()));
        } catch (RuntimeException e) {
            return name + " wrote nothing: " + e;
        }
    }

    /** Removes it with all its data. */
    void remove() {
        if (exists()) {
            engine.remove(id());
        }
    }
}
