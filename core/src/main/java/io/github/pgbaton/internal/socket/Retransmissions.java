package io.github.pgbaton.internal.socket;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How often the kernel has sent again, in vain until now, what the other end of a connection does not acknowledge, as
 * Linux's own table says; immutable, and empty on any other system.
 *
 * <p>A process that is busy or stopped acknowledges all the same, for its kernel does: what is counted here, no living
 * server causes.
 */
public final class Retransmissions {
    private static final List<Path> TABLES = List.of(Path.of("/proc/self/net/tcp"), Path.of("/proc/self/net/tcp6"));
    private static final String ESTABLISHED = "01";
    private static final String RETRANSMITTING = "01";

    private final Map<Flow, Integer> counts;

    private record Flow(int localPort, InetAddress remote, int remotePort) {}

    private Retransmissions(Map<Flow, Integer> counts) {
        this.counts = counts;
    }

    /** @return what the kernel says now */
    public static Retransmissions now() {
        Map<Flow, Integer> counts = new HashMap<>();
        for (Path table : TABLES) {
            try {
                counts.putAll(
                        parse(Files.readAllLines(table, StandardCharsets.US_ASCII), ByteOrder.nativeOrder()).counts);
            } catch (IOException | SecurityException e) {
                // Another system, or one without IPv6: nothing is known, and so nothing is concluded.
            }
        }
        return new Retransmissions(counts);
    }

    static Retransmissions parse(List<String> lines, ByteOrder order) {
        Map<Flow, Integer> counts = new HashMap<>();
        for (String line : lines) {
            // sl, local_address, rem_address, st, tx_queue:rx_queue, tr:tm->when, retrnsmt, ...
            String[] fields = line.trim().split("\\s+", 8);
            if (fields.length < 8 || !fields[3].equals(ESTABLISHED) || !fields[5].startsWith(RETRANSMITTING + ":")) {
                continue;
            }
            try {
                int colon = fields[2].indexOf(':');
                Flow flow = new Flow(
                        hex(fields[1].substring(fields[1].indexOf(':') + 1)),
                        address(fields[2].substring(0, colon), order),
                        hex(fields[2].substring(colon + 1)));
                counts.put(flow, hex(fields[6]));
            } catch (UnknownHostException | RuntimeException e) {
                // A kernel that writes its table in another way: nothing is known of this connection.
            }
        }
        return new Retransmissions(counts);
    }

    private static int hex(String text) {
        return Integer.parseUnsignedInt(text, 16);
    }

    /** Words of 32 bits, each in the machine's byte order; an IPv4 address may be written as one of IPv6. */
    private static InetAddress address(String text, ByteOrder order) throws UnknownHostException {
        ByteBuffer bytes = ByteBuffer.allocate(text.length() / 2).order(order);
        for (int i = 0; i < text.length(); i += 8) {
            bytes.putInt(hex(text.substring(i, i + 8)));
        }
        return InetAddress.getByAddress(bytes.array());
    }

    /** 0 where all is acknowledged, or nothing is known. */
    int of(int localPort, InetAddress remote, int remotePort) {
        return counts.getOrDefault(new Flow(localPort, remote, remotePort), 0);
    }
}
