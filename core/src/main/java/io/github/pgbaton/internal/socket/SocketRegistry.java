package io.github.pgbaton.internal.socket;

import io.github.pgbaton.topology.HostPort;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Every open socket to one cluster's members, those still in their handshake and those of cancel requests included: a
 * socket is in here from before it connects until it is closed.
 *
 * <p>Thread-safe without a lock. Aborts run on a few short-lived threads of their own, so that one close that hangs
 * cannot keep the others waiting; the threads end a second after the last abort.
 */
public final class SocketRegistry {
    private static final int ABORT_THREADS = 8;

    private final Set<RawSocket> open = ConcurrentHashMap.newKeySet();
    private final ThreadPoolExecutor aborts;
    private final Supplier<Duration> silence;
    private volatile boolean closed;

    /** @param cluster names the threads */
    public SocketRegistry(String cluster) {
        this(cluster, () -> Duration.ZERO);
    }

    /**
     * @param cluster names the threads
     * @param silence after which a connection is probed, zero for the system's own time
     */
    public SocketRegistry(String cluster, Supplier<Duration> silence) {
        // All threads busy with a hanging close: the caller goes on by itself rather than losing an abort.
        this(Threads.shortLived("pgbaton-abort-" + cluster, ABORT_THREADS), silence);
    }

    SocketRegistry(ThreadPoolExecutor aborts, Supplier<Duration> silence) {
        this.aborts = aborts;
        this.silence = silence;
    }

    /** After how long without a byte a connection is probed, zero for the system's own time. */
    Duration silence() {
        return silence.get();
    }

    void add(RawSocket socket) {
        open.add(socket);
        // Read after it is in: either close finds it, or this does. The timer that would bound its handshake has ended.
        if (closed) {
            socket.abort();
            open.remove(socket);
        }
    }

    /** @param socket closed just now */
    public void remove(RawSocket socket) {
        open.remove(socket);
    }

    /** @return how many sockets are open now */
    public int size() {
        return open.size();
    }

    /**
     * @param member all its addresses
     * @return how many sockets lead to it now
     */
    public long count(Set<HostPort> member) {
        return open.stream().filter(socket -> socket.leadsTo(member)).count();
    }

    /**
     * Marks every socket of the primary's to any other member: from now on no call finds its session usable. Closes none
     * yet and never blocks, so it may be called under a lock; {@link #abort} has to follow. What is for a replica stays.
     *
     * @param member all addresses of the only one that stays: one member may be known by a name and by an IP address
     * @return the marked sockets
     */
    public List<RawSocket> condemnAllBut(Set<HostPort> member) {
        return condemn(socket -> isPrimarys(socket) && !socket.leadsTo(member));
    }

    /**
     * Marks every socket that is connected to one IP address, whatever it is for and by whichever name it was dialled. What
     * is connected to another address of the same name stays: it may lead to another machine, or by another way.
     *
     * @param ip which has fallen silent
     * @return the marked sockets
     */
    public List<RawSocket> condemnAll(HostPort ip) {
        return condemn(socket -> ip.equals(socket.remote()));
    }

    /**
     * Marks every socket of the primary's to a member that is none, whichever of its addresses it was opened to.
     *
     * @param member every address of one member
     * @return the marked sockets
     */
    public List<RawSocket> condemnPrimarys(Set<HostPort> member) {
        return condemn(socket -> isPrimarys(socket) && socket.leadsTo(member));
    }

    /**
     * @param nanos a time
     * @return the IP addresses for whose bytes some caller has been waiting longer than that
     */
    public Set<HostPort> waitedForLongerThan(long nanos) {
        Set<HostPort> members = new HashSet<>();
        long now = System.nanoTime();
        for (RawSocket socket : open) {
            HostPort ip = socket.remote();
            if (ip != null && socket.waitedNanos(now) > nanos) {
                members.add(ip);
            }
        }
        return members;
    }

    /**
     * @param ip of a member
     * @param nanos a time
     * @return the sockets that are connected to it, for whose bytes some caller has been waiting longer than that
     */
    public List<RawSocket> waitedForLongerThan(HostPort ip, long nanos) {
        long now = System.nanoTime();
        return open.stream()
                .filter(socket -> ip.equals(socket.remote()) && socket.waitedNanos(now) > nanos)
                .toList();
    }

    /**
     * Marks these sockets.
     *
     * @param lost which lead nowhere
     * @return those that are open still
     */
    public List<RawSocket> condemnAll(Set<RawSocket> lost) {
        return condemn(lost::contains);
    }

    private static boolean isPrimarys(RawSocket socket) {
        return socket.purpose() == RawSocket.Purpose.PRIMARY;
    }

    private List<RawSocket> condemn(Predicate<RawSocket> which) {
        List<RawSocket> targets = new ArrayList<>();
        for (RawSocket socket : open) {
            if (which.test(socket)) {
                socket.condemn();
                targets.add(socket);
            }
        }
        return targets;
    }

    /**
     * Closes sockets, in parallel and without waiting for whoever uses them.
     *
     * @param targets condemned before
     */
    public void abort(List<RawSocket> targets) {
        int slices = Math.min(ABORT_THREADS, targets.size());
        for (int slice = 0; slice < slices; slice++) {
            int first = slice;
            Runnable part = () -> {
                for (int i = first; i < targets.size(); i += slices) {
                    RawSocket socket = targets.get(i);
                    socket.abort();
                    open.remove(socket);
                }
            };
            try {
                aborts.execute(part);
            } catch (OutOfMemoryError e) {
                // No thread to be had: one after the other, or their callers would wait for a frozen member for ever.
                part.run();
            }
        }
    }

    /** Aborts what is left, and what is made from now on; the threads end by themselves. */
    public void close() {
        closed = true;
        abort(condemn(socket -> true));
        aborts.shutdown();
    }
}
