package io.github.pgbaton.config;

import io.github.pgbaton.topology.HostPort;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The validated settings of one cluster: immutable; holds no PostgreSQL credentials.
 *
 * <p>PROVISIONAL accessor set; the config helper replaces the body.
 */
public final class BatonConfig {
    public List<HostPort> seeds() {
        return List.of();
    }

    public List<URI> etcd() {
        return List.of();
    }

    public @Nullable String scope() {
        return null;
    }

    public String namespace() {
        return "/service";
    }

    public @Nullable String etcdUser() {
        return null;
    }

    public @Nullable String etcdPassword() {
        return null;
    }

    public @Nullable Path etcdCaFile() {
        return null;
    }

    public @Nullable Path etcdCertFile() {
        return null;
    }

    public @Nullable Path etcdKeyFile() {
        return null;
    }

    public Duration failoverTimeout() {
        return Duration.ofSeconds(60);
    }

    public Duration probeInterval() {
        return Duration.ofMillis(25);
    }

    public Duration handshakeTimeout() {
        return Duration.ofSeconds(5);
    }
}
