package io.github.pgbaton.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * {@code ./run} with a {@code java}, a {@code javac} and a {@code mvn} that build nothing and only say what they were given; of
 * the caller's environment it knows what is {@linkplain #set set} here, and the path.
 */
final class RunScript {
    private final Path directory;
    private final Map<String, String> environment = new HashMap<>();
    private String script = "../run";

    /**
     * What a run printed, on both outputs.
     *
     * @param exit its code
     * @param lines of its output
     */
    record Said(int exit, List<String> lines) {}

    /** With its files in this directory, which is empty. */
    RunScript(Path directory) throws IOException {
        this.directory = directory;
        program("java", "printf 'java %s\\n' \"$*\"");
        program("javac", "echo 'javac 17.0.1'");
        program("mvn", "exit 0");
        set("PATH", directory + File.pathSeparator + System.getenv("PATH"));
        set("XDG_STATE_HOME", directory.resolve("state").toString());
    }

    void set(String variable, String value) {
        environment.put(variable, value);
    }

    void program(String name, String body) throws IOException {
        script(name, "#!/usr/bin/env bash\n" + body + "\n");
    }

    private void script(String name, String text) throws IOException {
        Path file = Files.writeString(directory.resolve(name), text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }

    /** As if these modules, and no others, had been built, each with a class path of {@code jars-of-} its name. */
    void built(String... modules) throws IOException {
        // A link: it looks beside itself for all that is built.
        Path link = directory.resolve("run");
        Files.createSymbolicLink(link, Path.of(script).toAbsolutePath());
        script = link.toString();
        for (String module : modules) {
            Path target = Files.createDirectories(directory.resolve(module).resolve("target"));
            Files.writeString(target.resolve("classpath.txt"), "jars-of-" + module);
        }
    }

    /** From now on nothing of this machine is on the path but these; {@code ./run} itself looks into sbin, too. */
    void onlyWith(String... programs) throws IOException {
        for (String program : programs) {
            Path found = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                    .map(place -> Path.of(place, program))
                    .filter(Files::isExecutable)
                    .findFirst()
                    .orElseThrow();
            // No link: whoever replaces a program of the directory must not write to that of the machine.
            script(program, "#!/bin/sh\nexec '" + found + "' \"$@\"\n");
        }
        set("PATH", directory.toString());
    }

    Said run(String... arguments) throws IOException, InterruptedException {
        Path output = directory.resolve("output");
        ProcessBuilder builder = new ProcessBuilder(
                        Stream.concat(Stream.of(script), Stream.of(arguments)).toList())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        return new Said(process.exitValue(), Files.readAllLines(output));
    }
}
