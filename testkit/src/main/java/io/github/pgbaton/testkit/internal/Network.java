package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.Party;

/** What lies between the parts of a cluster and can be cut; only {@link #healAll} forgets every cut. */
interface Network {
    void cut(Party a, Party b);

    void heal(Party a, Party b);

    /** Takes a member off the network, away from everybody at once. */
    void disconnect(String member);

    void reconnect(String member);

    /** Loses the packets of one connection of the client's to this member's PostgreSQL. */
    void forget(String member, int clientPort);

    /** Returns whether there was anything to heal. */
    boolean healAll();
}
