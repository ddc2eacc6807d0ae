package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.MissingPackageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Where the programs are; only made when all that a cluster needs are there. */
record Programs(Path patroni, Path etcd, Optional<Path> haproxy, Optional<Path> pgbouncer, Path postgresBin) {
    private static final List<Path> DIRECTORIES = Stream.of(
                    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
            .map(Path::of)
            .toList();

    /**
     * Looks for all of them before it complains, so that one command installs what is missing.
     *
     * @throws MissingPackageException with that command
     */
    static Programs find(Settings settings, Path postgresRoot) {
        if (!System.getProperty("os.name").equals("Linux")) {
            throw new ClusterException("a local cluster runs on Linux only: it needs /proc and all of 127.0.0.0/8");
        }
        List<String> missing = new ArrayList<>();
        Optional<Path> patroni = find("patroni");
        Optional<Path> etcd = find("etcd");
        Optional<Path> haproxy = settings.haproxy() ? find("haproxy") : Optional.empty();
        Optional<Path> pgbouncer = settings.poolers() ? find("pgbouncer") : Optional.empty();
        Optional<Path> postgresBin = newestPostgres(postgresRoot);
        if (patroni.isEmpty()) {
            missing.add("patroni");
            // Patroni's own dependency is met by the client library of any store.
            missing.add("python3-etcd");
        }
        if (etcd.isEmpty()) {
            missing.add("etcd-server");
        }
        if (settings.haproxy() && haproxy.isEmpty()) {
            missing.add("haproxy");
        }
        if (settings.poolers() && pgbouncer.isEmpty()) {
            missing.add("pgbouncer");
        }
        if (postgresBin.isEmpty()) {
            missing.add("postgresql");
        }
        if (!missing.isEmpty()) {
            throw new MissingPackageException(missing);
        }
        return new Programs(patroni.orElseThrow(), etcd.orElseThrow(), haproxy, pgbouncer, postgresBin.orElseThrow());
    }

    /** A program by its name, in the places where Debian has programs, whatever the PATH says. */
    static Optional<Path> find(String name) {
        return DIRECTORIES.stream()
                .map(directory -> directory.resolve(name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Debian keeps one directory for each major version. */
    private static Optional<Path> newestPostgres(Path root) {
        if (!Files.isDirectory(root)) {
            return Optional.empty();
        }
        try (Stream<Path> versions = Files.list(root)) {
            return versions.filter(v -> v.getFileName().toString().matches("[0-9]+"))
                    .filter(v -> Files.isExecutable(v.resolve("bin/postgres")))
                    .max(Comparator.comparingInt(
                            v -> Integer.parseInt(v.getFileName().toString())))
                    .map(v -> v.resolve("bin"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
