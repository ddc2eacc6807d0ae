package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.ClusterException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs short commands to their end; no command may outlast ten seconds. */
final class Shell {
    private static final int SECONDS = 10;

    private Shell() {}

    /** What a command left behind. */
    record Result(int status, String output) {}

    /** Runs a command with this text as its standard input. */
    static Result run(String input, List<String> command) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            cleanEnvironment(builder.environment());
            Process process = builder.start();
            try (var stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            }
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new ClusterException(command + " did not end");
            }
            return new Result(process.exitValue(), output.strip());
        } catch (IOException e) {
            throw new ClusterException(command + " did not run", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClusterException(command + " was interrupted", e);
        }
    }

    /** Leaves nothing of the caller's settings: a PGHOST or ETCD_NAME would change what our programs do. */
    static void cleanEnvironment(Map<String, String> environment) {
        environment.clear();
        environment.put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        environment.put("LANG", "C.UTF-8");
    }
}
