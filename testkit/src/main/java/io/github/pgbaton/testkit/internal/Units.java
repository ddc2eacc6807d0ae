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

    /** Processes of this machine. */
    static Units local(Settings settings, Site site, Configuration configuration, Programs programs) {
        List<Unit> etcd = new ArrayList<>();
        for (int i = 0; i < settings.etcdMembers(); i++) {
            String name = "etcd" + i;
            Path directory = site.subdirectory(name, site.etcdGid(i));
            List<String> command = new ArrayList<>();
            command.add(programs.etcd().toString());
            command.add("--data-dir=" + directory.resolve("data"));
            command.addAll(configuration.etcdArguments(i));
            etcd.add(new ProcessUnit(name, directory, site.etcdGid(i), command));
        }
        List<Unit> members = new ArrayList<>();
        for (int i = 0; i < settings.members(); i++) {
            int member = i;
            String name = settings.memberName(i);
            Path directory = site.subdirectory(name, site.memberGid(i));
            Path file = directory.resolve("patroni.yml");
            write(file, configuration.patroni(i, directory, directory));
            List<String> command = new ArrayList<>(List.of(programs.patroni().toString(), file.toString()));
            programs.pgbouncer()
                    .ifPresent(pgbouncer -> withPooler(command, member, directory, configuration, pgbouncer));
            members.add(new ProcessUnit(name, directory, site.memberGid(i), command));
        }
        return new Units(members, etcd, haproxy(settings, site, configuration, programs));
    }

    /** The pooler is one of the member's own processes: it shares the member's fate. */
    private static void withPooler(
            List<String> command, int member, Path directory, Configuration configuration, Path pgbouncer) {
        Path users = directory.resolve("pgbouncer.users");
        Path file = directory.resolve("pgbouncer.ini");
        write(users, "\"" + RunningCluster.USER + "\" \"" + RunningCluster.PASSWORD + "\"\n");
        write(file, configuration.pooler(member, users));
        command.addAll(
                0, List.of("sh", "-c", "\"$0\" \"$1\" & shift; exec \"$@\"", pgbouncer.toString(), file.toString()));
    }

    private static Optional<Unit> haproxy(
            Settings settings, Site site, Configuration configuration, Programs programs) {
        if (!settings.haproxy()) {
            return Optional.empty();
        }
        Path directory = site.subdirectory("haproxy", site.haproxyGid());
        Path file = directory.resolve("haproxy.cfg");
        write(file, configuration.haproxy());
        List<String> command = List.of(programs.haproxy().orElseThrow().toString(), "-db", "-f", file.toString());
        return Optional.of(new ProcessUnit("haproxy", directory, site.haproxyGid(), command));
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
