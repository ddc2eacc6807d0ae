package io.github.pgbaton.etcd;

import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.dcs.LeaderSourceProvider;
import java.util.Optional;

/** Makes a source that watches Patroni's keys in etcd, where the configuration names etcd endpoints; stateless. */
public final class EtcdLeaderSourceProvider implements LeaderSourceProvider {

    @Override
    public Optional<LeaderSource> create(BatonConfig config) {
        return EtcdSettings.from(config).map(EtcdLeaderSource::overJetcd);
    }
}
