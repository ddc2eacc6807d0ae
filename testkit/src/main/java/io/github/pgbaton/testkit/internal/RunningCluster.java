package io.github.pgbaton.testkit.internal;

import com.google.gson.JsonElement;
import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.EtcdEvents;
import io.github.pgbaton.testkit.Party;
import io.github.pgbaton.testkit.PatroniCluster;
import io.github.pgbaton.testkit.Truth;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A cluster of whatever parts; owns them all until it is closed. */
final class RunningCluster implements PatroniCluster {
    static final String USER = "app";
    static final String PASSWORD = "app";
    static final String DATABASE = "app";

    /** How long Patroni may take to notice a change of its configuration, on top of a round. */
    private static final Duration NOTICE = Duration.ofSeconds(20);

    private final Settings settings;
    private final Addresses addresses;
    private final Units units;
    private final Observer observer;
    private final Network network;
    private final Runnable end;
    private final Health health;
    private final Recovery recovery;
    private final List<String> members;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Thread onExit = new Thread(this::close, "testkit-exit");
    private @Nullable ProbingTruth truth;
    private @Nullable WatchedEvents events;

    /**
     * @param end ends every part and removes what is left of it
     */
    RunningCluster(
            Settings settings, Addresses addresses, Units units, Observer observer, Network network, Runnable end) {
        this.settings = settings;
        this.addresses = addresses;
        this.units = units;
        this.observer = observer;
        this.network = network;
        this.end = end;
        this.members = settings.memberNames();
        this.health = new Health(settings, addresses, observer, members);
        this.recovery = new Recovery(settings, observer, health, units, network);
        // A guardian may do without; but whoever sees this JVM end may count on the cluster being gone.
        Runtime.getRuntime().addShutdownHook(onExit);
    }

    @Override
    public String scope() {
        return settings.scope();
    }

    @Override
    public String namespace() {
        return settings.namespace();
    }

    @Override
    public List<String> members() {
        return members;
    }

    @Override
    public InetSocketAddress postgres(String member) {
        return addresses.postgres(index(member));
    }

    @Override
    public URI rest(String member) {
        return Site.uri(addresses.rest(index(member)));
    }

    @Override
    public List<URI> etcd() {
        return IntStream.range(0, settings.etcdMembers())
                .mapToObj(i -> Site.uri(addresses.etcdClient(i)))
                .toList();
    }

    @Override
    public Optional<InetSocketAddress> haproxy() {
        return units.haproxy().map(unit -> addresses.haproxy());
    }

    @Override
    public String user() {
        return USER;
    }

    @Override
    public String password() {
        return PASSWORD;
    }

    @Override
    public String database() {
        return DATABASE;
    }

    @Override
    public String superuser() {
        return Configuration.SUPERUSER;
    }

    @Override
    public String superuserPassword() {
        return Configuration.SUPERUSER_PASSWORD;
    }

    @Override
    public String seeds() {
        return members.stream().map(m -> Site.text(postgres(m))).collect(Collectors.joining(","));
    }

    @Override
    public Optional<String> memberMap() {
        return addresses.announced()
                ? Optional.empty()
                : Optional.of(members.stream()
                        .map(member -> member + "=" + Site.text(postgres(member)))
                        .collect(Collectors.joining(",")));
    }

    @Override
    public Optional<String> leader() {
        return observer.leader();
    }

    @Override
    public Optional<String> syncStandby() {
        return observer.etcd()
                .value("sync")
                .map(sync -> Health.string(Health.json(sync), "sync_standby"))
                .filter(standby -> !standby.isEmpty());
    }

    @Override
    public String awaitPrimary(Duration deadline) {
        String[] primary = new String[1];
        Waiting.until(deadline, "a primary", () -> {
            Optional<String> leader = leader().filter(members::contains);
            if (leader.isEmpty()) {
                return "there is no leader key";
            }
            primary[0] = leader.get();
            return observer.acceptsWrites(index(leader.get())) ? null : leader.get() + " does not accept writes";
        });
        return primary[0];
    }

    @Override
    public void awaitHealthy(Duration deadline) {
        try {
            Waiting.until(deadline, "a healthy cluster", health::problem);
        } catch (ClusterException e) {
            throw new ClusterException(e.getMessage() + units.memberLogs(), e);
        }
    }

    @Override
    public void restore(Duration deadline) {
        long end = System.nanoTime() + deadline.toNanos();
        long begin = System.currentTimeMillis();
        boolean undone = recovery.undo(deadline);
        if (isPaused()) {
            unpause();
        }
        recovery.awaitHealthy(Duration.ofNanos(end - System.nanoTime()), undone, begin);
    }

    @Override
    public synchronized Truth truth() {
        if (truth == null) {
            truth = ProbingTruth.start(observer, members);
        }
        return truth;
    }

    @Override
    public synchronized EtcdEvents events() {
        if (events == null) {
            events = WatchedEvents.start(observer.etcd());
        }
        return events;
    }

    @Override
    public void kill(String member) {
        unit(member).kill();
    }

    @Override
    public void killPostgres(String member) {
        unit(member).killPostgres();
    }

    @Override
    public void freeze(String member) {
        unit(member).freeze();
    }

    @Override
    public void resume(String member) {
        unit(member).resume();
    }

    @Override
    public void freezePatroni(String member) {
        unit(member).freezePatroni();
    }

    @Override
    public void resumePatroni(String member) {
        unit(member).resume();
    }

    @Override
    public void start(String member) {
        unit(member).start();
    }

    @Override
    public void restartPostgres(String member) {
        observer.rest(index(member)).restart();
    }

    @Override
    public void switchover(String to) {
        String from = leader().orElseThrow(() -> new ClusterException("there is no leader to switch over from"));
        observer.rest(index(from)).switchover(from, members.get(index(to)));
    }

    @Override
    public void failover(String to) {
        observer.rest(index(to)).failover(to);
    }

    @Override
    public void pause() {
        setPaused(true);
    }

    @Override
    public void unpause() {
        setPaused(false);
    }

    private void setPaused(boolean paused) {
        int asked = index(awaitLeader());
        observer.rest(asked).patchConfig("{\"pause\":" + (paused ? "true" : "null") + "}");
        Waiting.until(settings.loopWait().plus(NOTICE), paused ? "the pause" : "the end of the pause", () -> {
            for (String member : members) {
                try {
                    JsonElement now = observer.rest(index(member)).status().get("pause");
                    if ((now != null && now.getAsBoolean()) != paused) {
                        return member + " has not noticed";
                    }
                } catch (IOException e) {
                    // A dead or frozen member notices nothing, and need not.
                }
            }
            return null;
        });
    }

    private boolean isPaused() {
        JsonElement paused =
                Health.json(observer.etcd().value("config").orElse("{}")).get("pause");
        return paused != null && !paused.isJsonNull() && paused.getAsBoolean();
    }

    /** Any member whose Patroni answers would do; the leader's does when there is one. */
    private String awaitLeader() {
        return leader().filter(members::contains).orElse(members.get(0));
    }

    @Override
    public void stopEtcd(int index) {
        units.etcd().get(index).kill();
    }

    @Override
    public void startEtcd(int index) {
        units.etcd().get(index).start();
    }

    @Override
    public void stopAllEtcd() {
        units.etcd().forEach(Unit::kill);
    }

    @Override
    public void startAllEtcd() {
        units.etcd().forEach(Unit::start);
    }

    @Override
    public void compactEtcd() {
        observer.etcd().compact();
    }

    @Override
    public void freezeEtcd(int index) {
        units.etcd().get(index).freeze();
    }

    @Override
    public void resumeEtcd(int index) {
        units.etcd().get(index).resume();
    }

    @Override
    public void cut(Party a, Party b) {
        network.cut(a, b);
    }

    @Override
    public void heal(Party a, Party b) {
        network.heal(a, b);
    }

    @Override
    public void disconnect(String member) {
        network.disconnect(members.get(index(member)));
    }

    @Override
    public void reconnect(String member) {
        network.reconnect(members.get(index(member)));
    }

    @Override
    public void forgetConnection(String member, int clientPort) {
        network.forget(members.get(index(member)), clientPort);
    }

    @Override
    public void healAll() {
        network.healAll();
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        synchronized (this) {
            if (truth != null) {
                truth.close();
            }
            if (events != null) {
                events.close();
            }
        }
        end.run();
        try {
            Runtime.getRuntime().removeShutdownHook(onExit);
        } catch (IllegalStateException e) {
            // The JVM ends already, and this may be the hook itself.
        }
    }

    private Unit unit(String member) {
        return units.members().get(index(member));
    }

    private int index(String member) {
        return settings.memberIndex(member);
    }
}
