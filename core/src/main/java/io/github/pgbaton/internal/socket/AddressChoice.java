package io.github.pgbaton.internal.socket;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/**
 * Which of a host name's addresses an attempt dials: all of them in turn, while the name itself stays as it is for the
 * certificate check. Used by one attempt after the other, not thread-safe.
 */
final class AddressChoice {
    private int turn;
    private volatile int known = 1;

    InetSocketAddress choose(InetSocketAddress endpoint) throws UnknownHostException {
        InetAddress[] all = InetAddress.getAllByName(endpoint.getHostString());
        known = all.length;
        return new InetSocketAddress(
                InetAddress.getByAddress(endpoint.getHostString(), all[turn % all.length].getAddress()),
                endpoint.getPort());
    }

    /** Moves on to the next address; false: all have had their turn. */
    boolean next() {
        return ++turn < known;
    }
}
