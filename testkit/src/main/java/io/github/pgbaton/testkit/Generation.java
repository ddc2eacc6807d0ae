package io.github.pgbaton.testkit;

import java.util.Locale;

/** A Debian release, and with it the versions of everything in a container; each is tested. */
public enum Generation {
    /** PostgreSQL 15, Patroni 3.0, etcd 3.4. */
    BOOKWORM,
    /** PostgreSQL 17, Patroni 4.0, etcd 3.5. This Patroni lifts any ttl below 20 s to that. */
    TRIXIE;

    /** The name of the release. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
