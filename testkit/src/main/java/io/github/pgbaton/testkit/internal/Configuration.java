package io.github.pgbaton.testkit.internal;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Writes what etcd, Patroni and HAProxy read; depends on {@link Settings} and {@link Inside} alone. */
final class Configuration {
    static final String SUPERUSER = "postgres";
    static final String SUPERUSER_PASSWORD = "postgres";
    /** A role without rights that needs no password: it shows where a route ends. */
    static final String ROUTE_USER = "pgbaton_route";

    private final Settings settings;
    private final Inside inside;
    private final String postgresBin;

    Configuration(Settings settings, Inside inside, String postgresBin) {
        this.settings = settings;
        this.inside = inside;
        this.postgresBin = postgresBin;
    }

    /** Without its program and its directory. */
    List<String> etcdArguments(int index) {
        String client = "http://" + Site.text(inside.etcdClient(index));
        String peer = "http://" + Site.text(inside.etcdPeer(index));
        String all = IntStream.range(0, settings.etcdMembers())
                .mapToObj(i -> "etcd" + i + "=http://" + Site.text(inside.etcdPeer(i)))
                .collect(Collectors.joining(","));
        return List.of(
                "--name=etcd" + index,
                "--listen-client-urls=http://" + inside.listen(inside.etcdClient(index)),
                "--advertise-client-urls=" + client,
                "--listen-peer-urls=http://" + inside.listen(inside.etcdPeer(index)),
                "--initial-advertise-peer-urls=" + peer,
                "--initial-cluster=" + all,
                "--logger=zap");
    }

    /**
     * Patroni's configuration of a member. The cluster starts with rounds of one second, so that nothing waits for the
     * next round, and another ttl than asked for, so that {@link Startup} can tell when a member has taken over the
     * final one.
     */
    String patroni(int member, Path directory, Path sockets) {
        Map<String, String> parameters = new TreeMap<>(Map.of(
                "max_connections", "300",
                "wal_level", "replica",
                "hot_standby", "on",
                "max_wal_senders", "10",
                "shared_buffers", "64MB"));
        parameters.putAll(settings.postgresParameters());
        return """
                scope: %s
                namespace: %s
                name: %s
                restapi:
                  listen: %s
                  connect_address: %s
                etcd3:
                  hosts: %s
                bootstrap:
                  dcs:
                    ttl: %d
                    loop_wait: 1
                    retry_timeout: %d
                    maximum_lag_on_failover: 1048576
                    synchronous_mode: %b
                    postgresql:
                      use_pg_rewind: true
                      use_slots: true
                      parameters:
                %s
                  initdb:
                  - encoding: UTF8
                  - data-checksums
                  - no-sync
                postgresql:
                  listen: '%s'
                  connect_address: '%s'
                %s
                  data_dir: %s
                  bin_dir: %s
                  pgpass: %s
                  authentication:
                    superuser: {username: %s, password: %s}
                    replication: {username: replicator, password: rep_password}
                    rewind: {username: rewind, password: rewind}
                  basebackup:
                  - checkpoint: fast
                  - no-sync
                  parameters:
                    unix_socket_directories: %s
                  pg_hba:
                  - local all all trust
                %s
                watchdog: {mode: "off"}
                tags: {nofailover: false, noloadbalance: false, clonefrom: false, nosync: false}
                """.formatted(
                        settings.scope(),
                        settings.namespace(),
                        settings.memberName(member),
                        inside.listen(inside.rest(member)),
                        Site.text(inside.rest(member)),
                        IntStream.range(0, settings.etcdMembers())
                                .mapToObj(i -> Site.text(inside.etcdClient(i)))
                                .collect(Collectors.joining(",")),
                        startupTtl().toSeconds(),
                        settings.retryTimeout().toSeconds(),
                        settings.synchronous(),
                        yaml(parameters),
                        inside.listeningPostgres(member),
                        inside.announcedPostgres(member),
                        settings.poolers() ? "  proxy_address: " + Site.text(inside.pooler(member)) : "",
                        directory.resolve("data"),
                        postgresBin,
                        directory.resolve("pgpass"),
                        SUPERUSER,
                        SUPERUSER_PASSWORD,
                        sockets,
                        inside.access().stream().map(line -> "  - " + line).collect(Collectors.joining("\n")));
    }

    /** PgBouncer's configuration beside a member. */
    String pooler(int member, Path users) {
        InetSocketAddress server = inside.postgres(member);
        InetSocketAddress pooler = inside.pooler(member);
        return """
                [databases]
                * = host=%s port=%d
                [pgbouncer]
                listen_addr = %s
                listen_port = %d
                unix_socket_dir =
                auth_type = md5
                auth_file = %s
                pool_mode = session
                max_client_conn = 200
                default_pool_size = 100
                server_login_retry = 1
                ignore_startup_parameters = extra_float_digits
                """.formatted(
                        server.getAddress().getHostAddress(),
                        server.getPort(),
                        pooler.getAddress().getHostAddress(),
                        pooler.getPort(),
                        users);
    }

    Duration startupTtl() {
        return settings.ttl().plusSeconds(20);
    }

    /** What every member has to know once all are there, as a change to Patroni's dynamic configuration. */
    String finalTimes() {
        return "{\"ttl\":%d,\"loop_wait\":%d,\"retry_timeout\":%d}"
                .formatted(
                        settings.ttl().toSeconds(),
                        settings.loopWait().toSeconds(),
                        settings.retryTimeout().toSeconds());
    }

    private static String yaml(Map<String, String> parameters) {
        return parameters.entrySet().stream()
                .map(e -> "        " + e.getKey() + ": '" + e.getValue().replace("'", "''") + "'")
                .collect(Collectors.joining("\n"));
    }

    /** The listen block of Patroni's documentation, with one address per member instead of one port. */
    String haproxy() {
        List<String> servers = new ArrayList<>();
        for (int i = 0; i < settings.members(); i++) {
            servers.add("  server %s %s maxconn 200 check addr %s port %d"
                    .formatted(
                            settings.memberName(i),
                            Site.text(inside.postgres(i)),
                            inside.rest(i).getAddress().getHostAddress(),
                            inside.rest(i).getPort()));
        }
        return """
                global
                  maxconn 500
                defaults
                  mode tcp
                  log global
                  retries 2
                  timeout client 30m
                  timeout connect 4s
                  timeout server 30m
                  timeout check 5s
                listen primary
                  bind %s
                  option httpchk OPTIONS /primary
                  http-check expect status 200
                  default-server inter 3s fall 3 rise 2 on-marked-down shutdown-sessions
                %s
                """.formatted(inside.listen(inside.haproxy()), String.join("\n", servers));
    }
}
