package io.github.pgbaton.testkit.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * The addresses, directories and group ids of one cluster; no other cluster on this machine shares any of them.
 *
 * @param number which of the machine's places it is
 * @param portOffset 0, unless somebody else has the usual ports
 * @param directory where everything of the cluster lies
 * @param root whether we may give its processes users and groups
 * @param ipv6 whether its members announce {@code [::1]}, where only their ports tell them apart
 */
record Site(int number, int portOffset, Path directory, boolean root, boolean ipv6) implements Addresses, Inside {
    static final int NUMBERS = 90;

    /** Whom the processes run as when we are root; every Debian package of PostgreSQL makes this user. */
    static final String USER = "postgres";

    private static final String LOOPBACK_V6 = "[::1]";
    private static final int FIRST_V6_PORT = 24_000;

    /** With the largest offset it is a port still. */
    private static final int HAPROXY_PORT = 34_320;

    private static final int FIRST_GID = 58_000;
    private static final int GIDS = 20;

    @Override
    public InetSocketAddress postgres(int member) {
        return address(11 + member, ipv6 ? FIRST_V6_PORT + 10 * number + member : 5432);
    }

    @Override
    public String listeningPostgres(int member) {
        InetSocketAddress address = postgres(member);
        String v6 = ipv6 ? "," + LOOPBACK_V6 : "";
        return address.getAddress().getHostAddress() + v6 + ":" + address.getPort();
    }

    @Override
    public String announcedPostgres(int member) {
        return ipv6 ? LOOPBACK_V6 + ":" + postgres(member).getPort() : text(postgres(member));
    }

    @Override
    public InetSocketAddress pooler(int member) {
        return address(11 + member, 6432);
    }

    @Override
    public InetSocketAddress rest(int member) {
        return address(11 + member, 8008);
    }

    @Override
    public InetSocketAddress etcdClient(int index) {
        return address(21 + index, 2379);
    }

    @Override
    public InetSocketAddress etcdPeer(int index) {
        return address(21 + index, 2380);
    }

    @Override
    public InetSocketAddress haproxy() {
        return address(30, HAPROXY_PORT);
    }

    /** Servers trust it, and no cut touches it. */
    @Override
    public InetAddress observer() {
        return address(40, 0).getAddress();
    }

    @Override
    public List<String> access() {
        return List.of(
                "host all " + Configuration.SUPERUSER + " " + observer().getHostAddress() + "/32 trust",
                "host all " + Configuration.ROUTE_USER + " 127.0.0.0/8 trust",
                "host replication replicator 127.0.0.0/8 md5",
                "host all all 127.0.0.0/8 md5",
                "host replication replicator ::1/128 md5",
                "host all all ::1/128 md5");
    }

    /** All addresses of the cluster, as a firewall writes it. */
    String network() {
        return "127.77." + number + ".0/24";
    }

    String table() {
        return "pgbaton_testkit_" + number;
    }

    OptionalInt memberGid(int member) {
        return gid(1 + member);
    }

    OptionalInt etcdGid(int index) {
        return gid(11 + index);
    }

    OptionalInt haproxyGid() {
        return gid(17);
    }

    int firstGid() {
        return gid(0).orElse(0);
    }

    int lastGid() {
        return gid(GIDS - 1).orElse(0);
    }

    private OptionalInt gid(int part) {
        return root ? OptionalInt.of(FIRST_GID + GIDS * number + part) : OptionalInt.empty();
    }

    private InetSocketAddress address(int last, int port) {
        try {
            InetAddress address = InetAddress.getByAddress(new byte[] {127, 77, (byte) number, (byte) last});
            return new InetSocketAddress(address, port == 0 ? 0 : port + portOffset);
        } catch (UnknownHostException e) {
            throw new AssertionError("four bytes are an address", e);
        }
    }

    /** An address as configuration files write it. */
    static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    static URI uri(InetSocketAddress address) {
        return URI.create("http://" + text(address));
    }

    /** A directory below the cluster's, owned by who will work in it. */
    Path subdirectory(String name, OptionalInt gid) {
        try {
            Path path = Files.createDirectory(directory.resolve(name));
            if (gid.isPresent()) {
                Files.setOwner(
                        path,
                        path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(USER));
                Files.setAttribute(path, "unix:gid", gid.getAsInt());
            }
            return path;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static boolean isRoot() {
        try {
            return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
