package io.github.pgbaton.failover.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.event.FailoverEvent;
import io.github.pgbaton.event.FailoverListener;
import io.github.pgbaton.event.FailoverListeners;
import io.github.pgbaton.testkit.PatroniCluster;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** The cluster, one connection or more in each moment, and what a fault waits for; one of them for each run of a fault. */
final class Stage implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final Pattern LAST_SEEN = Pattern.compile("\"dcs_last_seen\":\\s*(\\d+)");

    private final PatroniCluster cluster;
    private final Matrix matrix;
    private final String run;
    private final String primary;
    private final BatonDataSource source;
    private final Gate gate;
    private final List<Actor> actors = new ArrayList<>();
    private final Queue<FailoverEvent> events = new ConcurrentLinkedQueue<>();
    private final FailoverListener listener = events::add;

    private Stage(
            PatroniCluster cluster, Matrix matrix, Fault fault, String primary, BatonDataSource source, Gate gate) {
        this.cluster = cluster;
        this.matrix = matrix;
        this.run = fault.name();
        this.primary = primary;
        this.source = source;
        this.gate = gate;
        for (Moment moment : Moment.values()) {
            actors.add(
                    switch (moment) {
                        case CONNECTING -> new Opener(this);
                        case SHORT_TRANSACTIONS -> new Writer(this);
                        default -> new OneCall(this, moment);
                    });
        }
    }

    /** Opens everything and returns when each connection is in its moment. */
    static Stage set(PatroniCluster cluster, Fault fault, Matrix matrix, Discovery discovery) throws Exception {
        fault.prepare(cluster);
        String primary = cluster.awaitPrimary(PATIENCE);
        waitFor("the truth about " + primary, () -> cluster.truth().isWritable(primary));
        Sql.createTables(cluster, primary);
        BatonDataSource source = discovery.dataSource(cluster, matrix.properties());
        Stage stage;
        try {
            stage = new Stage(cluster, matrix, fault, primary, source, Gate.shut(cluster, primary));
        } catch (Exception e) {
            source.close();
            throw e;
        }
        try {
            FailoverListeners.add(stage.listener);
            for (Actor actor : stage.actors) {
                actor.begin();
            }
            long gated = stage.actors.stream()
                    .filter(actor -> actor.moment().gated())
                    .count();
            // COMMIT waits at the gate for the table that its trigger reads, as the others do for their own.
            stage.await("all calls at the gate", () -> stage.gate.waiting() == gated);
            return stage;
        } catch (Throwable e) {
            stage.close();
            throw e;
        }
    }

    PatroniCluster cluster() {
        return cluster;
    }

    Matrix matrix() {
        return matrix;
    }

    BatonDataSource source() {
        return source;
    }

    /** The member that was the primary when the fault came. */
    String primary() {
        return primary;
    }

    Gate gate() {
        return gate;
    }

    List<Actor> actors() {
        return actors;
    }

    String run() {
        return run;
    }

    String key(Moment moment, String what) {
        return run + "/" + moment + "/" + what;
    }

    void await(String what, Callable<Boolean> condition) {
        waitFor(what, condition);
    }

    private static void waitFor(String what, Callable<Boolean> condition) {
        Awaitility.await()
                .alias(what)
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(condition);
    }

    /** Waits until another member is the leader, and takes writes. */
    void awaitAnotherPrimary() {
        await(
                "another primary",
                () -> cluster.leader()
                        .filter(leader ->
                                !leader.equals(primary) && cluster.truth().isWritable(leader))
                        .isPresent());
    }

    /** Waits until some member is the leader, and takes writes; it may be the same one. */
    void awaitPrimary() {
        await(
                "a primary",
                () -> cluster.leader().filter(cluster.truth()::isWritable).isPresent());
    }

    void awaitNotWritable(String member) {
        await(member + " takes no writes", () -> !cluster.truth().isWritable(member));
    }

    /** Waits until every call that was under way has ended. */
    void awaitRelease() {
        await("release of the calls under way", () -> actors.stream().allMatch(Actor::released));
    }

    /** Waits until Patroni on the primary has talked to etcd, later than now: it has got over what happened to etcd. */
    void awaitPatronisNextRound() {
        long now = System.currentTimeMillis() / 1000;
        await("a round of Patroni", () -> dcsLastSeen() > now + 1);
    }

    private long dcsLastSeen() throws IOException {
        HttpURLConnection request = (HttpURLConnection)
                cluster.rest(primary).resolve("/patroni").toURL().openConnection();
        request.setConnectTimeout(2000);
        request.setReadTimeout(2000);
        try {
            Matcher seen =
                    LAST_SEEN.matcher(new String(request.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            return seen.find() ? Long.parseLong(seen.group(1)) : 0;
        } finally {
            request.disconnect();
        }
    }

    /** Waits until the driver has told of such an event. */
    void awaitEvent(Class<? extends FailoverEvent> kind) {
        await(kind.getSimpleName(), () -> events.stream().anyMatch(kind::isInstance));
    }

    /** Holds that a member is the primary of now. */
    void isPrimary(String member) {
        assertThat(cluster.leader()).contains(member);
        await(member + " takes writes", () -> cluster.truth().isWritable(member));
    }

    @Override
    public void close() throws SQLException {
        FailoverListeners.remove(listener);
        for (Actor actor : actors) {
            actor.close();
        }
        gate.close();
        source.close();
    }
}
