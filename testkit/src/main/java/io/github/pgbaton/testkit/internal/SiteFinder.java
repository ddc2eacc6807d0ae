package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.ClusterException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;

/**
 * Claims a {@link Site} that nobody else has, in this JVM or another.
 *
 * <p>Making the directory is the claim: it is atomic, and the guardian's last act is to remove it, so that a place is
 * never given away while the processes of its last tenant still die. A directory whose guardian is gone (a reboot, a
 * killed guardian) is moved aside, which again only one can do, and cleared.
 */
final class SiteFinder {
    /** How long a claim may exist before its guardian has written its process id. */
    private static final Duration GRACE = Duration.ofMinutes(1);

    static final List<Integer> PORT_OFFSETS = List.of(0, 10_000, 20_000);

    private final Path base;
    private final boolean root = Site.isRoot();

    SiteFinder(Path base) {
        this.base = base;
    }

    Site claim(Settings settings) {
        for (int offset : PORT_OFFSETS) {
            for (int number = 0; number < Site.NUMBERS; number++) {
                Site site = new Site(number, offset, base.resolve("pgbaton-testkit-" + number), root, settings.ipv6());
                if (isFree(site, settings) && claim(site.directory())) {
                    return site;
                }
            }
        }
        throw new ClusterException("no free addresses for a cluster in 127.77.0.0/16");
    }

    private static boolean isFree(Site site, Settings settings) {
        List<InetSocketAddress> addresses = new ArrayList<>();
        for (int i = 0; i < settings.members(); i++) {
            addresses.add(site.postgres(i));
            addresses.add(site.rest(i));
            if (settings.poolers()) {
                addresses.add(site.pooler(i));
            }
            if (settings.ipv6()) {
                addresses.add(new InetSocketAddress("::1", site.postgres(i).getPort()));
            }
        }
        for (int i = 0; i < settings.etcdMembers(); i++) {
            addresses.add(site.etcdClient(i));
            addresses.add(site.etcdPeer(i));
        }
        addresses.add(site.haproxy());
        return addresses.stream().allMatch(SiteFinder::canListen);
    }

    private static boolean canListen(InetSocketAddress address) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(address);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean claim(Path directory) {
        try {
            if (Files.exists(directory) && isAbandoned(directory)) {
                Path aside = directory.resolveSibling(directory.getFileName() + "-old-" + UUID.randomUUID());
                Files.move(directory, aside);
                // Its processes, if any, have moved with it: their working directory is known by its new name.
                new ProcessTable(aside, OptionalInt.empty()).kill(process -> true);
                Shell.run("", List.of("rm", "-rf", aside.toString()));
            }
            Files.createDirectory(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (IOException e) {
            // Somebody else's, whom we may not touch.
            return false;
        }
    }

    private static boolean isAbandoned(Path directory) throws IOException {
        Path guardian = Guardian.pidFile(directory);
        if (!Files.exists(guardian)) {
            return Files.getLastModifiedTime(directory)
                    .toInstant()
                    .isBefore(Instant.now().minus(GRACE));
        }
        Path arguments = Path.of("/proc", Files.readString(guardian).strip(), "cmdline");
        return !Files.exists(arguments) || !Files.readString(arguments).contains(Guardian.NAME);
    }
}
