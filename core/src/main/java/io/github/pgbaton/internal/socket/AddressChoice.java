package io.github.pgbaton.internal.socket;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;

/**
 * Which of a host name's addresses an attempt dials: all of them in turn, while the name itself stays as it is for the
 * certificate check. Used by one attempt after the other, not thread-safe.
 */
final class AddressChoice {
    private int turn;
    private volatile int known = 1;
    private volatile int limitMillis;

    InetSocketAddress choose(InetSocketAddress endpoint) throws UnknownHostException {
        InetAddress[] all = InetAddress.getAllByName(endpoint.getHostString());
        known = all.length;
        return new InetSocketAddress(
                InetAddress.getByAddress(endpoint.getHostString(), all[turn % all.length].getAddress()),
                endpoint.getPort());
    }

    void limit(Duration whole) {
        limitMillis = (int) Math.min(whole.toMillis(), Integer.MAX_VALUE);
    }

    /** The time to connect to one of several addresses: none of them may use up what the others need. */
    int share(int timeoutMillis) {
        int own = known > 1 && limitMillis > 0 ? Math.max(limitMillis / (known + 1), 1) : 0;
        return own > 0 && (timeoutMillis == 0 || own < timeoutMillis) ? own : timeoutMillis;
    }

    /** Moves on to the next address; false: all have had their turn. */
    boolean next() {
        return ++turn < known;
    }
}
