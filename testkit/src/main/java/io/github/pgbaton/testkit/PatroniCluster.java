package io.github.pgbaton.testkit;

import io.github.pgbaton.testkit.internal.ClusterBuilder;
import io.github.pgbaton.testkit.internal.EtcdLeader;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A running Patroni cluster that can be broken on purpose; whatever a fault did, {@link #restore} undoes it.
 *
 * <p>Members are named {@code node1}, {@code node2} and so on; etcd members are counted from 0. Every method that waits
 * has a deadline and throws {@link ClusterException} when it passes. Thread-safe: a test may break the cluster in one
 * thread while it works in another.
 */
public interface PatroniCluster extends AutoCloseable {

    /**
     * A cluster of local processes, from Debian's packages, on loopback addresses that nobody else uses.
     *
     * @return a builder with the defaults of the reference cluster
     */
    static Builder local() {
        return ClusterBuilder.local();
    }

    /**
     * A cluster of containers of the newest generation, with its ports published on 127.0.0.1; needs
     * {@code org.testcontainers:testcontainers} on the class path and a Docker engine. Members announce addresses of their
     * own network, so a driver needs {@link #memberMap}.
     *
     * @return a builder with the defaults of the reference cluster
     */
    static Builder docker() {
        return docker(Generation.TRIXIE);
    }

    /**
     * A cluster of containers of this generation; see {@link #docker()}.
     *
     * @param generation which versions of PostgreSQL, Patroni and etcd
     * @return a builder with the defaults of the reference cluster
     */
    static Builder docker(Generation generation) {
        return ClusterBuilder.docker(generation);
    }

    /** The parameters of a cluster; not thread-safe, and useless once {@link #start} was called. */
    interface Builder {
        /** Patroni's scope; default {@code pgcluster}. */
        Builder scope(String scope);

        /** Patroni's namespace; default {@code /db}. */
        Builder namespace(String namespace);

        /**
         * How long the leader key lives without renewal; default 30 s. Tests that shall fail over in seconds take 5 s with
         * a loopWait of 1 s and a retryTimeout of 2 s; Patroni from 3.1 on lifts anything below 20 s to that.
         */
        Builder ttl(Duration ttl);

        /** Patroni's pause between two rounds; default 10 s. */
        Builder loopWait(Duration loopWait);

        /** How long Patroni retries etcd and PostgreSQL; default 10 s. */
        Builder retryTimeout(Duration retryTimeout);

        /** Whether Patroni keeps a synchronous standby; default true. */
        Builder synchronousMode(boolean synchronous);

        /** How many PostgreSQL members, 1 to 9; default 3. */
        Builder members(int count);

        /** How many etcd members, 1 to 5; default 1. */
        Builder etcdMembers(int count);

        /** Whether HAProxy runs in front, configured as Patroni documents it; default false. */
        Builder haproxy(boolean haproxy);

        /**
         * Whether a PgBouncer runs beside each member, on its address and a port of its own, and is announced in the
         * member's key as {@code proxy_url}; default false. It dies and freezes with its member. Local clusters only.
         */
        Builder poolers(boolean poolers);

        /**
         * Whether the members announce {@code [::1]}, each with a port of its own, in their {@code conn_url}; default false.
         * {@link #postgres} is the IPv4 address that each listens on as well. Local clusters only, and without
         * {@link #cut}, which knows addresses of IPv4.
         */
        Builder ipv6(boolean ipv6);

        /** One parameter of postgresql.conf, for every member. */
        Builder postgresParameter(String name, String value);

        /**
         * Starts the cluster and returns when it is healthy.
         *
         * @throws MissingPackageException when a program is not installed; its message says how to install it
         * @throws ClusterException among others, when there is no engine for containers; its message says what to do
         */
        PatroniCluster start();
    }

    String scope();

    String namespace();

    /** The names of the members, in order: node1, node2, ... */
    List<String> members();

    /** Where this member's PostgreSQL listens. */
    InetSocketAddress postgres(String member);

    /** This member's Patroni REST API. */
    URI rest(String member);

    /** The client endpoints of etcd. */
    List<URI> etcd();

    /** Where HAProxy listens, if it was asked for. */
    Optional<InetSocketAddress> haproxy();

    /** An ordinary role that may create tables in {@link #database}. */
    String user();

    String password();

    String database();

    String superuser();

    String superuserPassword();

    /** All members as {@code host:port,host:port,...}, for the authority of a JDBC URL. */
    String seeds();

    /**
     * Where a client reaches each member, as pgbaton's {@code memberMap} takes it; empty where the members announce
     * addresses that a client can dial.
     */
    Optional<String> memberMap();

    /** The value of the leader key now, read from etcd; empty when there is none, or no etcd. */
    Optional<String> leader();

    /** The synchronous standby that Patroni has named in etcd, if any. */
    Optional<String> syncStandby();

    /** Waits for a member that holds the leader key and accepts writes, and returns its name. */
    String awaitPrimary(Duration deadline);

    /**
     * Waits until the leader accepts writes, every other member streams from it on its timeline, and, in synchronous
     * mode, a synchronous standby is named.
     */
    void awaitHealthy(Duration deadline);

    /** Undoes every fault (heals, resumes, starts what is dead, ends a pause), then {@link #awaitHealthy}. */
    void restore(Duration deadline);

    /** Which member accepts writes, by probing it; starts probing on the first call and goes on until {@link #close}. */
    Truth truth();

    /** What happens to this cluster's keys in etcd; starts recording on the first call. */
    EtcdEvents events();

    /** Kills Patroni and PostgreSQL of this member, as a crash of its machine would. */
    void kill(String member);

    /** Kills PostgreSQL of this member and leaves Patroni alive. */
    void killPostgres(String member);

    /** Stops every process of this member where it stands: connections stay open and nobody answers. */
    void freeze(String member);

    /**
     * Lets a frozen member go on where it stood.
     *
     * <p>A former primary accepts writes again until its Patroni notices that the leader key has a new owner. Worse, and
     * true to life: a Patroni 3.0.2 that slept through the end of its lease now and then takes the key back from its
     * successor. {@link #restore} does not resume such a member but kills and starts it.
     */
    void resume(String member);

    /** Stops Patroni alone: PostgreSQL goes on, as a zombie once the leader key has expired. */
    void freezePatroni(String member);

    void resumePatroni(String member);

    /** Starts a killed member again; nothing happens when its Patroni is alive. */
    void start(String member);

    /** Has Patroni restart PostgreSQL of this member; returns when it is done. */
    void restartPostgres(String member);

    /**
     * Switches over to this member; returns when Patroni says that it is done.
     *
     * @throws ClusterException with Patroni's own words when it refuses, for instance because the member is not the
     *     synchronous standby
     */
    void switchover(String to);

    /** Fails over to this member by hand; returns when Patroni says that it is done. */
    void failover(String to);

    /** Puts the cluster in maintenance mode; returns when every living member has noticed. */
    void pause();

    /** Ends the maintenance mode; returns when every living member has noticed. */
    void unpause();

    /** Kills an etcd member; its data stay. */
    void stopEtcd(int index);

    void startEtcd(int index);

    void stopAllEtcd();

    void startAllEtcd();

    /**
     * Which etcd member leads the others now; {@link #stopEtcd} of it costs them an election.
     *
     * @return its index
     * @throws ClusterException when none of them knows a leader
     */
    default int etcdLeader() {
        return EtcdLeader.among(etcd());
    }

    /** Forgets etcd's history up to now: a watch that resumes from an older revision is told so. */
    void compactEtcd();

    void freezeEtcd(int index);

    void resumeEtcd(int index);

    /**
     * Loses every packet between two parties, in both directions: established connections stall, new ones get no
     * answer.
     *
     * @throws UnsupportedFaultException when this machine or this user cannot do it; the message says what is missing
     */
    void cut(Party a, Party b);

    /**
     * Takes a member off the network, away from the client, etcd and all other members. Of a container the published
     * ports are gone too: {@link Truth} is blind to the member meanwhile, and a client finds its connections closed where
     * a {@link #cut} leaves them silent.
     *
     * @throws UnsupportedFaultException as {@link #cut}
     */
    void disconnect(String member);

    /** Undoes {@link #disconnect}; nothing happens to a member that is connected. */
    void reconnect(String member);

    /**
     * Loses every packet of one connection between a client and this member's PostgreSQL, in both directions, as a
     * firewall does that has forgotten it; all others and new ones go on. {@link #healAll} undoes it.
     *
     * @param clientPort of that connection, as {@code inet_client_port()} tells it
     * @throws UnsupportedFaultException as {@link #cut}, and of containers: their published ports hide the client's
     */
    void forgetConnection(String member, int clientPort);

    /** Undoes the cut between these two parties; nothing happens when there is none. */
    void heal(Party a, Party b);

    void healAll();

    /** Ends every process of this cluster and removes its files and firewall rules. */
    @Override
    void close();
}
