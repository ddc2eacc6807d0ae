package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.PatroniCluster;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings a cluster from parts that do not run yet to healthy, in the order they need each other. */
final class Startup {
    private static final Logger LOG = LoggerFactory.getLogger(Startup.class);
    private static final Duration DEADLINE = Duration.ofSeconds(90);

    private final Settings settings;
    private final Units units;
    private final Observer observer;
    private final Configuration configuration;

    private Startup(Settings settings, Units units, Observer observer, Configuration configuration) {
        this.settings = settings;
        this.units = units;
        this.observer = observer;
        this.configuration = configuration;
    }

    /**
     * @param cluster makes the cluster, once its parts run
     */
    static PatroniCluster run(
            Settings settings,
            Units units,
            Observer observer,
            Configuration configuration,
            Supplier<PatroniCluster> cluster) {
        long begin = System.nanoTime();
        new Startup(settings, units, observer, configuration).run();
        PatroniCluster running = cluster.get();
        running.awaitHealthy(DEADLINE);
        LOG.info(
                "cluster {} ready at {} after {} ms",
                settings.scope(),
                running.seeds(),
                (System.nanoTime() - begin) / 1_000_000);
        return running;
    }

    private void run() {
        units.etcd().forEach(Unit::start);
        Waiting.until(DEADLINE, "etcd starts", () -> {
            units.etcd().forEach(Startup::demandRunning);
            return observer.silentEtcd();
        });
        // The others would only wait for this one, a round at a time; started when it is there they copy it at once.
        Unit first = units.members().get(0);
        first.start();
        Waiting.until(DEADLINE, "the first member starts", () -> {
            demandRunning(first);
            return observer.leader().isPresent() && isPrimary() ? null : first.logTail();
        });
        createDatabases();
        units.members().forEach(Unit::start);
        Waiting.until(DEADLINE, "all members stream", this::missingMember);
        units.haproxy().ifPresent(Unit::start);
        observer.rest(0).patchConfig(configuration.finalTimes());
        Waiting.until(DEADLINE, "all members know the final ttl", () -> {
            for (int i = 0; i < units.members().size(); i++) {
                observer.rest(i).wake(settings.ttl());
            }
            return oldLease();
        });
        warnIfLifted();
    }

    private boolean isPrimary() {
        try {
            return observer.query(0, "SELECT pg_is_in_recovery()").equals(List.of(List.of("f")));
        } catch (IOException e) {
            return false;
        }
    }

    private static void demandRunning(Unit unit) {
        if (!unit.isRunning()) {
            throw new ClusterException("it ended at once: " + unit.logTail());
        }
    }

    private void createDatabases() {
        StringBuilder probes = new StringBuilder();
        for (int i = 0; i < settings.members(); i++) {
            probes.append(i == 0 ? "('" : ", ('").append(settings.memberName(i)).append("')");
        }
        try (RawPostgres session = observer.connect(0)) {
            session.query("SET synchronous_commit = local");
            session.query("CREATE ROLE " + RunningCluster.USER + " LOGIN CREATEDB PASSWORD '" + RunningCluster.PASSWORD
                    + "'");
            session.query("CREATE ROLE " + Configuration.ROUTE_USER + " LOGIN");
            session.query("CREATE DATABASE " + RunningCluster.DATABASE + " OWNER " + RunningCluster.USER);
            session.query("CREATE SCHEMA " + Observer.SCHEMA);
            // Room in the page, so that a hundred updates a second are all heap-only.
            session.query("CREATE TABLE " + Observer.SCHEMA
                    + ".probe (member text PRIMARY KEY, n bigint NOT NULL DEFAULT 0) WITH (fillfactor = 10)");
            session.query("INSERT INTO " + Observer.SCHEMA + ".probe (member) VALUES " + probes);
        } catch (IOException e) {
            throw new ClusterException("the first member refused its first statements", e);
        }
    }

    private @Nullable String missingMember() {
        units.members().forEach(Startup::demandRunning);
        try {
            List<List<String>> streaming =
                    observer.query(0, "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'");
            return streaming.size() >= settings.members() - 1 ? null : "only " + streaming + " do";
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** A key whose lease was granted before its member knew the final ttl. */
    private @Nullable String oldLease() {
        try {
            for (EtcdGateway.Entry key : observer.etcd().snapshot().entries()) {
                if (key.lease() != 0 && observer.etcd().grantedTtl(key.lease()).equals(configuration.startupTtl())) {
                    return key.key() + " has another one";
                }
            }
            return null;
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** Patroni from 3.1 on lifts a ttl below 20 s, without a word to whoever set it. */
    private void warnIfLifted() {
        try {
            long lease = observer.etcd()
                    .snapshot()
                    .entry("leader")
                    .map(EtcdGateway.Entry::lease)
                    .orElse(0L);
            Duration granted = observer.etcd().grantedTtl(lease);
            if (lease != 0 && !granted.equals(settings.ttl())) {
                LOG.warn("Patroni took a ttl of {} instead of {}", granted, settings.ttl());
            }
        } catch (IOException e) {
            LOG.debug("the leader's lease is unknown", e);
        }
    }
}
