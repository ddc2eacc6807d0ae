package io.github.pgbaton.internal.rest;

import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.dcs.LeaderSourceProvider;
import io.github.pgbaton.topology.Topology;
import java.util.Optional;

/** Makes a source that asks Patroni itself, where the configuration names Patroni REST endpoints; stateless. */
public final class PatroniRestSourceProvider implements LeaderSourceProvider {

    @Override
    public Optional<LeaderSource> create(BatonConfig config) {
        return after(config, Topology.UNKNOWN);
    }

    /**
     * As {@link #create}, in the place of another source.
     *
     * @param told by that one last: a member of the past that answers first is not taken for the leader
     */
    public Optional<LeaderSource> after(BatonConfig config, Topology told) {
        return config.patroni().isEmpty()
                ? Optional.empty()
                : Optional.of(new PatroniRestSource(config.patroni(), config.scope(), Timing.DEFAULT, told));
    }
}
