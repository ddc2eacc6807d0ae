package io.github.pgbaton.dcs;

import io.github.pgbaton.config.BatonConfig;
import java.util.Optional;

/** Makes a {@link LeaderSource} from a configuration; found by {@link java.util.ServiceLoader}; stateless. */
public interface LeaderSourceProvider {

    /**
     * @param config the configuration of one cluster
     * @return a stopped source, or empty where the configuration does not name this kind of DCS
     * @throws IllegalArgumentException where it names it wrongly; the message names the property, the value and what
     *     is accepted
     */
    Optional<LeaderSource> create(BatonConfig config);
}
