package io.github.pgbaton.failover;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The sockets of this process as the kernel lists them; what a driver believes about its sockets is not asked. */
final class OpenSockets {
    private OpenSockets() {}

    /** How many sockets of this JVM lead to the address, in whatever TCP state. */
    static long to(InetSocketAddress address) {
        try {
            Set<String> own = inodes();
            long count = 0;
            for (String table : List.of("tcp", "tcp6")) {
                Path file = Path.of("/proc/self/net", table);
                if (Files.exists(file)) {
                    count += Files.readAllLines(file).stream()
                            .skip(1)
                            .map(line -> line.strip().split("\\s+"))
                            // Testkit's own probes come from another address.
                            .filter(fields -> fields[1].contains("0100007F:"))
                            .filter(fields -> fields[2].endsWith(hex(address)) && own.contains(fields[9]))
                            .count();
                }
            }
            return count;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An IPv4 address as the kernel prints it, which is also the end of the same address mapped into IPv6. */
    private static String hex(InetSocketAddress address) {
        int raw = ByteBuffer.wrap(address.getAddress().getAddress())
                .order(ByteOrder.LITTLE_ENDIAN)
                .getInt();
        return String.format(Locale.ROOT, "%08X:%04X", raw, address.getPort());
    }

    private static Set<String> inodes() throws IOException {
        Set<String> inodes = new HashSet<>();
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                try {
                    String target = Files.readSymbolicLink(descriptor).toString();
                    if (target.startsWith("socket:[")) {
                        inodes.add(target.substring(8, target.length() - 1));
                    }
                } catch (IOException e) {
                    // Closed since the directory was listed.
                }
            }
        }
        return inodes;
    }
}
