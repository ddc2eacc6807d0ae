package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.ClusterException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One part of the cluster that is started and broken as a whole: a member, an etcd member, the proxy. All its processes
 * work in its directory, in its group and, when we are root, as an unprivileged user.
 */
final class Unit {
    private static final long END_SECONDS = 10;

    private final String name;
    private final Path directory;
    private final OptionalInt gid;
    private final List<String> command;
    private final ProcessTable processes;
    private @Nullable Process main;

    Unit(String name, Path directory, OptionalInt gid, List<String> command) {
        this.name = name;
        this.directory = directory;
        this.gid = gid;
        this.command = command;
        this.processes = new ProcessTable(directory, gid);
    }

    /** Starts its main process, unless that is alive; returns whether it had to. */
    synchronized boolean start() {
        if (isRunning()) {
            return false;
        }
        List<String> words = new ArrayList<>();
        // A session of its own: an interrupt at the terminal ends the test, and the guardian ends this.
        words.add("setsid");
        if (gid.isPresent()) {
            words.addAll(
                    List.of("setpriv", "--reuid=" + Site.USER, "--regid=" + gid.getAsInt(), "--clear-groups", "--"));
        }
        words.addAll(command);
        ProcessBuilder.Redirect log = ProcessBuilder.Redirect.appendTo(log().toFile());
        ProcessBuilder builder = new ProcessBuilder(words)
                .directory(directory.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(log)
                .redirectError(log);
        Shell.cleanEnvironment(builder.environment());
        builder.environment().put("HOME", directory.toString());
        builder.environment().put("PYTHONUNBUFFERED", "1");
        try {
            main = builder.start();
            return true;
        } catch (IOException e) {
            throw new ClusterException(name + " did not start", e);
        }
    }

    /** Whether its main process is alive, be it frozen. */
    synchronized boolean isRunning() {
        return main != null && main.isAlive();
    }

    /** Kills all of it and waits for its main process to end, or a start right after it would find that one alive. */
    void kill() {
        processes.kill(process -> true);
        Process killed;
        synchronized (this) {
            killed = main;
        }
        try {
            if (killed != null && !killed.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                throw new ClusterException(name + " did not end within " + END_SECONDS + " s of SIGKILL");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClusterException("interrupted while " + name + " ended", e);
        }
    }

    void kill(Predicate<ProcessTable.Entry> which) {
        processes.kill(which);
    }

    /** Whether any of it stands still. */
    boolean hasStopped() {
        return processes.processes().stream().anyMatch(ProcessTable.Entry::isStopped);
    }

    void freeze(Predicate<ProcessTable.Entry> which) {
        processes.stop(which);
    }

    /** Lets all go on; returns whether any stood. */
    boolean resume() {
        return processes.resume();
    }

    /** The end of what it wrote, for messages. */
    String logTail() {
        try {
            List<String> lines = Files.readAllLines(log());
            return name + " wrote: " + String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size()));
        } catch (IOException e) {
            return name + " wrote nothing: " + e;
        }
    }

    private Path log() {
        return directory.resolve(name + ".log");
    }
}
