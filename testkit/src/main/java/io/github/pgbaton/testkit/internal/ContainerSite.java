package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.ClusterException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The addresses of a cluster of containers: those of its own network, which stay the same through every restart, and the
 * ports of 127.0.0.1 that lead to them.
 */
final class ContainerSite implements Addresses {
    static final int POSTGRES = 5432;
    static final int REST = 8008;
    static final int ETCD = 2379;
    static final int ETCD_PEER = 2380;
    static final int HAPROXY = 54320;
    /** What to add to a port for the way that no cut touches; the image's start script listens there. */
    static final int OBSERVED = 10_000;

    /** Below what systems give away for outgoing connections: while a container is dead, nobody else takes its ports. */
    private static final int FIRST_PORT = 20_000;

    private static final int PORTS = 10_000;
    private static final int TRIES = 1_000;
    /** Two clusters of one JVM that start at the same time must not choose the same. */
    private static final Set<Integer> TAKEN = new HashSet<>();

    private static final Random RANDOM = new Random();

    private final byte[] network;
    private final Map<InetSocketAddress, Integer> published = new LinkedHashMap<>();

    /** In this network, given as its first address. */
    ContainerSite(InetAddress network, Settings settings) {
        this.network = network.getAddress();
        for (int i = 0; i < settings.members(); i++) {
            List.of(POSTGRES, REST, POSTGRES + OBSERVED, REST + OBSERVED).forEach(publish(member(i)));
        }
        for (int i = 0; i < settings.etcdMembers(); i++) {
            List.of(ETCD, ETCD + OBSERVED).forEach(publish(etcd(i)));
        }
        List.of(HAPROXY).forEach(publish(proxy()));
    }

    private java.util.function.Consumer<Integer> publish(InetAddress address) {
        return port -> published.put(new InetSocketAddress(address, port), freePort());
    }

    private static int freePort() {
        synchronized (TAKEN) {
            for (int i = 0; i < TRIES; i++) {
                int port = FIRST_PORT + RANDOM.nextInt(PORTS);
                if (!TAKEN.contains(port) && canListen(port)) {
                    TAKEN.add(port);
                    return port;
                }
            }
        }
        throw new ClusterException("no free ports on 127.0.0.1 between " + FIRST_PORT + " and " + (FIRST_PORT + PORTS));
    }

    private static boolean canListen(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    InetAddress member(int index) {
        return address(11 + index);
    }

    InetAddress etcd(int index) {
        return address(21 + index);
    }

    InetAddress proxy() {
        return address(30);
    }

    private InetAddress address(int last) {
        try {
            byte[] address = network.clone();
            address[3] = (byte) (address[3] + last);
            return InetAddress.getByAddress(address);
        } catch (UnknownHostException e) {
            throw new AssertionError("four bytes are an address: " + Arrays.toString(network), e);
        }
    }

    /** The ports of the part at this address, and of 127.0.0.1 for each. */
    Map<Integer, Integer> ports(InetAddress part) {
        Map<Integer, Integer> ports = new LinkedHashMap<>();
        published.forEach((inside, outside) -> {
            if (inside.getAddress().equals(part)) {
                ports.put(inside.getPort(), outside);
            }
        });
        return ports;
    }

    private InetSocketAddress reach(InetAddress part, int port) {
        Integer outside = published.get(new InetSocketAddress(part, port));
        if (outside == null) {
            throw new IllegalArgumentException(part + " publishes no port " + port);
        }
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), outside);
    }

    @Override
    public InetSocketAddress postgres(int member) {
        return reach(member(member), POSTGRES);
    }

    @Override
    public InetSocketAddress rest(int member) {
        return reach(member(member), REST);
    }

    @Override
    public InetSocketAddress etcdClient(int index) {
        return reach(etcd(index), ETCD);
    }

    @Override
    public InetSocketAddress haproxy() {
        return reach(proxy(), HAPROXY);
    }

    @Override
    public InetAddress observer() {
        return InetAddress.getLoopbackAddress();
    }

    @Override
    public InetSocketAddress observedPostgres(int member) {
        return reach(member(member), POSTGRES + OBSERVED);
    }

    @Override
    public InetSocketAddress observedRest(int member) {
        return reach(member(member), REST + OBSERVED);
    }

    @Override
    public InetSocketAddress observedEtcd(int index) {
        return reach(etcd(index), ETCD + OBSERVED);
    }

    @Override
    public String serverAddress(int member) {
        return member(member).getHostAddress();
    }

    @Override
    public boolean announced() {
        return false;
    }

    void release() {
        synchronized (TAKEN) {
            TAKEN.removeAll(published.values());
        }
    }

    /** The same cluster as its parts see it. */
    Inside inside() {
        return new FromWithin();
    }

    private final class FromWithin implements Inside {
        @Override
        public InetSocketAddress postgres(int member) {
            return new InetSocketAddress(member(member), POSTGRES);
        }

        @Override
        public InetSocketAddress rest(int member) {
            return new InetSocketAddress(member(member), REST);
        }

        @Override
        public InetSocketAddress etcdClient(int index) {
            return new InetSocketAddress(etcd(index), ETCD);
        }

        @Override
        public InetSocketAddress etcdPeer(int index) {
            return new InetSocketAddress(etcd(index), ETCD_PEER);
        }

        @Override
        public InetSocketAddress haproxy() {
            return new InetSocketAddress(proxy(), HAPROXY);
        }

        @Override
        public String listen(InetSocketAddress found) {
            // A container that was taken off its network and put back has its address anew.
            return "0.0.0.0:" + found.getPort();
        }

        @Override
        public List<String> access() {
            return List.of(
                    "host all " + Configuration.SUPERUSER + " 127.0.0.1/32 trust",
                    "host all " + Configuration.ROUTE_USER + " samenet trust",
                    "host replication replicator samenet md5",
                    "host all all all md5");
        }
    }

    /** Every address of the cluster, as a firewall writes a set. */
    String everybody(Settings settings) {
        return IntStream.concat(
                        IntStream.range(0, settings.members()).map(i -> 11 + i),
                        IntStream.concat(
                                IntStream.range(0, settings.etcdMembers()).map(i -> 21 + i), IntStream.of(30)))
                .mapToObj(last -> address(last).getHostAddress())
                .collect(java.util.stream.Collectors.joining(", ", "{ ", " }"));
    }
}
