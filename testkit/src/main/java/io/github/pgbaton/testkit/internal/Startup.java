package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.PatroniCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings a cluster from nothing to healthy; leaves nothing behind when that fails. */
final class Startup {
    private static final Logger LOG = LoggerFactory.getLogger(Startup.class);
    private static final Duration DEADLINE = Duration.ofSeconds(90);

    private final Settings settings;
    private final Site site;
    private final Units units;
    private final Observer observer;
    private final Configuration configuration;

    private Startup(Settings settings, Site site, Units units, Observer observer, Configuration configuration) {
        this.settings = settings;
        this.site = site;
        this.units = units;
        this.observer = observer;
        this.configuration = configuration;
    }

    static PatroniCluster start(Settings settings) {
        long begin = System.nanoTime();
        Programs programs = Programs.find(settings, Path.of("/usr/lib/postgresql"));
        Site site = new SiteFinder(Path.of(System.getProperty("java.io.tmpdir"))).claim(settings);
        Guardian guardian = Guardian.start(site);
        try {
            Configuration configuration = new Configuration(settings, site, programs);
            Firewall firewall = Firewall.open(settings, site);
            Units units = Units.create(settings, site, configuration);
            Observer observer = new Observer(settings, site);
            new Startup(settings, site, units, observer, configuration).run();
            LocalPatroniCluster cluster = new LocalPatroniCluster(settings, site, units, observer, firewall, guardian);
            cluster.awaitHealthy(DEADLINE);
            LOG.info(
                    "cluster {} ready at {} after {} ms",
                    settings.scope(),
                    cluster.seeds(),
                    (System.nanoTime() - begin) / 1_000_000);
            return cluster;
        } catch (RuntimeException e) {
            guardian.close();
            throw e;
        }
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
            session.query("CREATE ROLE " + LocalPatroniCluster.USER + " LOGIN CREATEDB PASSWORD '"
                    + LocalPatroniCluster.PASSWORD + "'");
            session.query("CREATE ROLE " + Configuration.ROUTE_USER + " LOGIN");
            session.query("CREATE DATABASE " + LocalPatroniCluster.DATABASE + " OWNER " + LocalPatroniCluster.USER);
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
                if (key.lease() != 0 && !observer.etcd().grantedTtl(key.lease()).equals(settings.ttl())) {
                    return key.key() + " has another one";
                }
            }
            return null;
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
