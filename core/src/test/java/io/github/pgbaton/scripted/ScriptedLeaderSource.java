package io.github.pgbaton.scripted;

import io.github.pgbaton.config.BatonConfig;
import io.github.pgbaton.dcs.LeaderSource;
import io.github.pgbaton.dcs.LeaderSourceProvider;
import io.github.pgbaton.topology.ClusterSettings;
import io.github.pgbaton.topology.HostPort;
import io.github.pgbaton.topology.Leader;
import io.github.pgbaton.topology.Member;
import io.github.pgbaton.topology.Role;
import io.github.pgbaton.topology.Switchover;
import io.github.pgbaton.topology.TimelineHistory;
import io.github.pgbaton.topology.Topology;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A leader source that says what a test tells it to; found by the scope it was registered under. */
public final class ScriptedLeaderSource implements LeaderSource {
    private static final Map<String, ScriptedLeaderSource> SOURCES = new ConcurrentHashMap<>();

    private final AtomicInteger suspicions = new AtomicInteger();
    private final Map<String, Member> members = new LinkedHashMap<>();
    private volatile @Nullable Listener listener;
    private volatile boolean closed;
    private long revision;
    private @Nullable String leader;
    private @Nullable String system;
    private @Nullable Switchover switchover;
    private ClusterSettings settings = ClusterSettings.DEFAULTS;
    private boolean spoken;
    private int timeline;
    private TimelineHistory switches = TimelineHistory.NONE;

    /** Makes the source that a URL with this scope and any {@code etcd} gets; the members are node1, node2 and so on. */
    public static ScriptedLeaderSource register(String scope, ScriptedPostgres... members) {
        ScriptedLeaderSource source = new ScriptedLeaderSource();
        for (int i = 0; i < members.length; i++) {
            source.member("node" + (i + 1), members[i].address());
        }
        SOURCES.put(scope, source);
        return source;
    }

    public synchronized ScriptedLeaderSource member(String name, HostPort address) {
        members.put(name, new Member(name, address, Role.REPLICA, "running"));
        return this;
    }

    public synchronized ScriptedLeaderSource member(Member announced) {
        members.put(announced.name(), announced);
        return this;
    }

    /** A member with tags, a role in synchronous replication, and a timeline that its key tells. */
    public synchronized ScriptedLeaderSource member(
            String name, HostPort address, boolean synchronous, boolean balanced, int ownTimeline) {
        members.put(name, new Member(name, address, Role.REPLICA, "running", null, synchronous, balanced, ownTimeline));
        publish();
        return this;
    }

    public synchronized ScriptedLeaderSource system(String identifier) {
        system = identifier;
        return this;
    }

    public synchronized void elect(String name) {
        leader = name;
        publish();
    }

    public synchronized ScriptedLeaderSource standbyCluster() {
        ClusterSettings d = ClusterSettings.DEFAULTS;
        settings = new ClusterSettings(d.ttl(), d.loopWait(), d.retryTimeout(), false, false, true, false);
        return this;
    }

    /** Patroni is to keep a synchronous standby. */
    public synchronized ScriptedLeaderSource synchronous() {
        ClusterSettings d = ClusterSettings.DEFAULTS;
        settings = new ClusterSettings(d.ttl(), d.loopWait(), d.retryTimeout(), false, false, false, true);
        return this;
    }

    /** Patroni's ttl, and whether a primary may go on without the lock. */
    public synchronized ScriptedLeaderSource settings(Duration ttl, boolean paused, boolean failsafe) {
        ClusterSettings d = ClusterSettings.DEFAULTS;
        settings = new ClusterSettings(ttl, d.loopWait(), d.retryTimeout(), paused, failsafe, false, false);
        return this;
    }

    /** What the DCS's history says. */
    public synchronized ScriptedLeaderSource history(int newest) {
        timeline = newest;
        return this;
    }

    /** What the DCS's history says, whole; {@link #elect} publishes it. */
    public synchronized ScriptedLeaderSource history(TimelineHistory whole) {
        switches = whole;
        timeline = whole.newest();
        return this;
    }

    /** A leader whose member key is missing. */
    public synchronized ScriptedLeaderSource forget(String name) {
        members.remove(name);
        return this;
    }

    public synchronized void announce(@Nullable Switchover planned) {
        switchover = planned;
        publish();
    }

    /** Says this, whatever was set before. */
    public synchronized void say(Topology snapshot) {
        Objects.requireNonNull(listener).published(snapshot);
    }

    /** As Patroni ends a switchover: the key is empty again, and another member leads. */
    public synchronized void announceNothingAndElect(String name) {
        switchover = null;
        leader = name;
        publish();
    }

    public synchronized void loseLeader() {
        leader = null;
        publish();
    }

    public void degrade(String reason) {
        Objects.requireNonNull(listener).degraded(reason);
    }

    /** Whether somebody listens. */
    public synchronized boolean isStarted() {
        return listener != null;
    }

    public int suspicions() {
        return suspicions.get();
    }

    public boolean isClosed() {
        return closed;
    }

    private void publish() {
        spoken = true;
        Listener now = listener;
        if (now != null) {
            revision++;
            Leader holder = leader == null ? null : new Leader(leader, revision);
            now.published(new Topology(holder, members, system, timeline, switchover, settings, 1, revision, switches));
        }
    }

    @Override
    public synchronized void start(Listener to) {
        listener = to;
        if (spoken) {
            publish();
        }
    }

    @Override
    public void suspect() {
        suspicions.incrementAndGet();
    }

    @Override
    public void trust() {}

    @Override
    public String description() {
        return "scripted";
    }

    @Override
    public void close() {
        closed = true;
    }

    /** Hands out registered sources. */
    public static final class Provider implements LeaderSourceProvider {
        @Override
        public Optional<LeaderSource> create(BatonConfig config) {
            return Optional.ofNullable(config.scope()).map(SOURCES::get);
        }
    }
}
