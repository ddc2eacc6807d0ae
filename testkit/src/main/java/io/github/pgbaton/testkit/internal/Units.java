package io.github.pgbaton.testkit.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The parts of one cluster: made, with their directories and configuration, before any of them starts. */
record Units(List<Unit> members, List<Unit> etcd, Optional<Unit> haproxy) {

    static Units create(Settings settings, Site site, Configuration configuration) {
        List<Unit> etcd = new ArrayList<>();
        for (int i = 0; i < settings.etcdMembers(); i++) {
            String name = "etcd" + i;
            Path directory = site.subdirectory(name, site.etcdGid(i));
            etcd.add(new Unit(name, directory, site.etcdGid(i), configuration.etcdCommand(i, directory)));
        }
        List<Unit> members = new ArrayList<>();
        for (int i = 0; i < settings.members(); i++) {
            String name = settings.memberName(i);
            Path directory = site.subdirectory(name, site.memberGid(i));
            write(directory.resolve("patroni.yml"), configuration.patroni(i, directory));
            members.add(new Unit(name, directory, site.memberGid(i), configuration.patroniCommand(directory)));
        }
        return new Units(members, etcd, haproxy(settings, site, configuration));
    }

    private static Optional<Unit> haproxy(Settings settings, Site site, Configuration configuration) {
        if (!settings.haproxy()) {
            return Optional.empty();
        }
        Path directory = site.subdirectory("haproxy", site.haproxyGid());
        write(directory.resolve("haproxy.cfg"), configuration.haproxy(directory));
        return Optional.of(new Unit("haproxy", directory, site.haproxyGid(), configuration.haproxyCommand(directory)));
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the members wrote last, to add to a failure. */
    String memberLogs() {
        return members.stream().map(Unit::logTail).collect(Collectors.joining("\n", "\n", ""));
    }

    /** All of them, those first that the others need. */
    List<Unit> all() {
        List<Unit> all = new ArrayList<>(etcd);
        all.addAll(members);
        haproxy.ifPresent(all::add);
        return all;
    }
}
