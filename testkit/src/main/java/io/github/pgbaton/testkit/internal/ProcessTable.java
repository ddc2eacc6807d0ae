package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.ClusterException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Predicate;

/**
 * Finds the living processes of one part of a cluster in /proc and sends them signals, none forgotten.
 *
 * <p>Parent and child are no help: PostgreSQL survives the Patroni that started it. So a part is known by its group id
 * when it has one of its own, and by the directory it works in otherwise.
 */
final class ProcessTable {
    private static final Duration DEADLINE = Duration.ofSeconds(10);

    private final Path directory;
    private final OptionalInt gid;

    ProcessTable(Path directory, OptionalInt gid) {
        this.directory = directory;
        this.gid = gid;
    }

    /** A living process. */
    record Entry(long pid, String program, char state) {
        boolean isPostgres() {
            return program.equals("postgres");
        }

        boolean isPooler() {
            return program.equals("pgbouncer");
        }

        boolean isStopped() {
            return state == 'T' || state == 't';
        }
    }

    List<Entry> processes() {
        List<Entry> found = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : all) {
                try {
                    if (isOurs(process)) {
                        Entry entry = entry(process);
                        if (entry.state() != 'Z' && entry.state() != 'X') {
                            found.add(entry);
                        }
                    }
                } catch (IOException e) {
                    // It ended while we looked, or belongs to somebody who does not let us look.
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    private boolean isOurs(Path process) throws IOException {
        if (gid.isPresent()) {
            return gid.getAsInt() == (int) Files.getAttribute(process, "unix:gid");
        }
        return Files.readSymbolicLink(process.resolve("cwd")).startsWith(directory);
    }

    private static Entry entry(Path process) throws IOException {
        // "123 (program) S ...", where the program's name may hold anything.
        String stat = Files.readString(process.resolve("stat"));
        int open = stat.indexOf('(');
        int close = stat.lastIndexOf(')');
        return new Entry(
                Long.parseLong(stat.substring(0, open - 1)), stat.substring(open + 1, close), stat.charAt(close + 2));
    }

    /** Kills until none is left: what forked in between is found in the next round. */
    void kill(Predicate<Entry> which) {
        signalUntil("KILL", which, entry -> false);
    }

    /** Stops until all stand. */
    void stop(Predicate<Entry> which) {
        signalUntil("STOP", which, Entry::isStopped);
    }

    /** Lets all go on; returns whether any stood. */
    boolean resume() {
        return signalUntil("CONT", entry -> true, entry -> !entry.isStopped());
    }

    /** Returns whether there was anybody to send it to. */
    private boolean signalUntil(String signal, Predicate<Entry> which, Predicate<Entry> done) {
        long end = System.nanoTime() + DEADLINE.toNanos();
        for (int round = 0; ; round++) {
            List<String> pids = processes().stream()
                    .filter(which)
                    .filter(done.negate())
                    .map(entry -> Long.toString(entry.pid()))
                    .toList();
            if (pids.isEmpty()) {
                return round > 0;
            }
            if (System.nanoTime() - end > 0) {
                throw new ClusterException("SIG" + signal + " did not reach " + pids + " of " + directory);
            }
            Shell.run("", List.of("sh", "-c", "kill -" + signal + " " + String.join(" ", pids)));
            Waiting.pause(1);
        }
    }
}
