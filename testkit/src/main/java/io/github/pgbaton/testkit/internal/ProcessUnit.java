package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.ClusterException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A part that is processes of this machine: all of them work in its directory, in its group and, when we are root, as an
 * unprivileged user.
 */
final class ProcessUnit implements Unit {
    private static final long END_SECONDS = 10;

    private final String name;
    private final Path directory;
    private final OptionalInt gid;
    private final List<String> command;
    private final ProcessTable processes;
    private @Nullable Process main;

    ProcessUnit(String name, Path directory, OptionalInt gid, List<String> command) {
        this.name = name;
        this.directory = directory;
        this.gid = gid;
        this.command = command;
        this.processes = new ProcessTable(directory, gid);
    }

    @Override
    public synchronized boolean start() {
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

    @Override
    public synchronized boolean isRunning() {
        return main != null && main.isAlive();
    }

    /** Waits for its main process to end, or a start right after it would find that one alive. */
    @Override
    public void kill() {
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

    @Override
    public void killPostgres() {
        processes.kill(ProcessTable.Entry::isPostgres);
    }

    @Override
    public boolean hasStopped() {
        return processes.processes().stream().anyMatch(ProcessTable.Entry::isStopped);
    }

    @Override
    public void freeze() {
        processes.stop(process -> true);
    }

    @Override
    public void freezePatroni() {
        processes.stop(process -> !process.isPostgres() && !process.isPooler());
    }

    @Override
    public boolean resume() {
        return processes.resume();
    }

    @Override
    public String logTail() {
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
