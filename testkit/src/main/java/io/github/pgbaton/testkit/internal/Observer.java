package io.github.pgbaton.testkit.internal;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Asks the cluster how it is, without changing it, on the way that no cut touches. */
final class Observer {
    static final String SCHEMA = "pgbaton_testkit";
    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    private final Settings settings;
    private final Addresses addresses;
    private final Http http;
    private final EtcdGateway etcd;

    Observer(Settings settings, Addresses addresses) {
        this.settings = settings;
        this.addresses = addresses;
        this.http = new Http(addresses.observer());
        this.etcd = new EtcdGateway(
                http,
                IntStream.range(0, settings.etcdMembers())
                        .mapToObj(i -> Site.uri(addresses.observedEtcd(i)))
                        .toList(),
                settings.keyPrefix());
    }

    EtcdGateway etcd() {
        return etcd;
    }

    PatroniRest rest(int member) {
        return new PatroniRest(http, Site.uri(addresses.observedRest(member)));
    }

    Optional<String> leader() {
        return etcd.value("leader");
    }

    /** A superuser's session with this member. */
    RawPostgres connect(int member) throws IOException {
        return connect(member, TIMEOUT);
    }

    RawPostgres connect(int member, Duration timeout) throws IOException {
        try {
            return RawPostgres.connect(
                    addresses.observedPostgres(member),
                    addresses.observer(),
                    Configuration.SUPERUSER,
                    "postgres",
                    timeout);
        } catch (IOException e) {
            throw new IOException(settings.memberName(member) + " refuses a session: " + e.getMessage(), e);
        }
    }

    /** Runs one statement at a member, in a session of its own. */
    List<List<String>> query(int member, String sql) throws IOException {
        try (RawPostgres session = connect(member)) {
            return session.query(sql);
        }
    }

    /** Says which etcd member does not answer, or null when all do. */
    @Nullable
    String silentEtcd() {
        return etcd.endpoints().stream()
                .filter(endpoint -> !etcd.answers(endpoint))
                .findFirst()
                .map(endpoint -> "etcd does not answer at " + endpoint)
                .orElse(null);
    }

    /** Whether this member commits a write now, on its own disk. */
    boolean acceptsWrites(int member) {
        try {
            query(member, "SET synchronous_commit = local; " + probe(member));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** The write that is a probe of this member: one row of its own, so that probes never wait for each other. */
    String probe(int member) {
        return "UPDATE " + SCHEMA + ".probe SET n = n + 1 WHERE member = '" + settings.memberName(member) + "'";
    }

    /** The PostgreSQL address at which the proxy's route ends now. */
    String routeEnd() throws IOException {
        InetSocketAddress proxy = addresses.haproxy();
        try (RawPostgres session =
                RawPostgres.connect(proxy, addresses.observer(), Configuration.ROUTE_USER, "postgres", TIMEOUT)) {
            return session.query("SELECT host(inet_server_addr())").get(0).get(0);
        }
    }
}
