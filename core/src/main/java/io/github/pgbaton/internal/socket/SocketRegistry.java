package io.github.pgbaton.internal.socket;

import io.github.pgbaton.topology.HostPort;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.function.Predicate;

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

    /** @param cluster names the threads */
    public SocketRegistry(String cluster) {
        // All threads busy with a hanging close: the caller goes on by itself rather than losing an abort.
        aborts = Threads.shortLived("pgbaton-abort-" + cluster, ABORT_THREADS);
    }

    void add(RawSocket socket) {
        open.add(socket);
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
     * @param address of a member
     * @return how many sockets to it are open now
     */
    public int size(HostPort address) {
        return size() - sizeBut(address);
    }

    /**
     * @param address of a member
     * @return how many sockets to other members are open now
     */
    public int sizeBut(HostPort address) {
        int others = 0;
        for (RawSocket socket : open) {
            if (!socket.address().equals(address)) {
                others++;
            }
        }
        return others;
    }

    /**
     * Aborts every socket to any other address.
     *
     * @param address the only one that stays
     * @return how many are being aborted
     */
    public int abortAllBut(HostPort address) {
        return abort(socket -> !socket.address().equals(address));
    }

    /**
     * Aborts every socket to an address.
     *
     * @param address of a member that has fallen silent
     * @return how many are being aborted
     */
    public int abortAll(HostPort address) {
        return abort(socket -> socket.address().equals(address));
    }

    /**
     * @param nanos a time
     * @return the members for whose bytes some caller has been waiting longer than that
     */
    public Set<HostPort> waitedForLongerThan(long nanos) {
        Set<HostPort> members = new HashSet<>();
        long now = System.nanoTime();
        for (RawSocket socket : open) {
            if (socket.waitedNanos(now) > nanos) {
                members.add(socket.address());
            }
        }
        return members;
    }

    /** Aborts everything. */
    public void abortAll() {
        abort(socket -> true);
    }

    private int abort(Predicate<RawSocket> which) {
        List<RawSocket> targets = new ArrayList<>();
        for (RawSocket socket : open) {
            if (which.test(socket)) {
                targets.add(socket);
            }
        }
        // Marked first, by this thread: a call that starts from now on must not find a session that is about to break.
        targets.forEach(RawSocket::condemn);
        int slices = Math.min(ABORT_THREADS, targets.size());
        for (int slice = 0; slice < slices; slice++) {
            int first = slice;
            aborts.execute(() -> {
                for (int i = first; i < targets.size(); i += slices) {
                    RawSocket socket = targets.get(i);
                    socket.abort();
                    open.remove(socket);
                }
            });
        }
        return targets.size();
    }

    /** Aborts what is left; the threads end by themselves. */
    public void close() {
        abortAll();
        aborts.shutdown();
    }
}
