package io.github.pgbaton.internal.rest;

import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Role;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * Who leads, and where: all that an answer says of the leader and that decides where sessions go. Two answers that name
 * one leader at two addresses are two different words.
 *
 * @param name of the holder of the lock
 * @param role {@link Role#PRIMARY} or {@link Role#STANDBY_LEADER}
 * @param address of its PostgreSQL, null where it announces none
 * @param api its REST endpoint as it announces it, null where it is unusable
 */
record Lead(
        String name,
        Role role,
        @Nullable HostPort address,
        @Nullable URI api) {

    /** Whom to ask whether it is so: words that differ only in PostgreSQL's address have the same witness. */
    Lead witness() {
        return api == null || address == null ? this : new Lead(name, role, null, api);
    }
}
