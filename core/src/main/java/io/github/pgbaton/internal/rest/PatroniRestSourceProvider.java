package io.github.pgbaton.internal.rest;

import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.dcs.LeaderSourceProvider;
import java.util.Optional;

/** Makes a source that asks Patroni itself, where the configuration names Patroni REST endpoints; stateless. */
public final class PatroniRestSourceProvider implements LeaderSourceProvider {

    @Override
    public Optional<LeaderSource> create(BatonConfig config) {
        return config.patroni().isEmpty()
                ? Optional.empty()
                : Optional.of(new PatroniRestSource(config.patroni(), config.scope(), Timing.DEFAULT));
    }
}
