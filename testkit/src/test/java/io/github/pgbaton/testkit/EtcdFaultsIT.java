package io.github.pgbaton.testkit;

import static io.github.pgbaton.testkit.Clusters.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** etcd can lose a member, its quorum and its history; the cluster feels only the second. */
class EtcdFaultsIT {
    @RegisterExtension
    static final PatroniClusterExtension PATRONI = Clusters.fast();

    @Test
    void oneEtcdMemberMayDie(PatroniCluster cluster) {
        String primary = cluster.awaitPrimary(SOON);
        cluster.stopEtcd(0);
        // It may have been etcd's leader: the others elect one.
        await().atMost(SOON).until(() -> cluster.leader().equals(Optional.of(primary)));
        cluster.startEtcd(0);
        cluster.awaitHealthy(SOON);
    }

    @Test
    void anotherEtcdMemberLeadsWhenTheLeaderDied(PatroniCluster cluster) {
        int leader = cluster.etcdLeader();
        cluster.stopEtcd(leader);
        // While they elect, none of them leads.
        await().atMost(SOON).ignoreExceptions().until(() -> cluster.etcdLeader() != leader);
        cluster.startEtcd(leader);
        cluster.awaitHealthy(SOON);
    }

    @Test
    void oneEtcdMemberMayHang(PatroniCluster cluster) {
        EtcdEvents events = cluster.events();
        cluster.freezeEtcd(1);
        await().atMost(SOON).until(() -> cluster.leader().isPresent());
        cluster.resumeEtcd(1);
        cluster.awaitHealthy(SOON);
        String to = cluster.syncStandby().orElseThrow();
        cluster.switchover(to);
        await().atMost(SOON)
                .until(() -> events.all().stream()
                        .anyMatch(e -> e.key().equals("leader")
                                && e.value().filter(to::equals).isPresent()));
    }

    @Test
    void withoutEtcdThePrimaryDemotes(PatroniCluster cluster) {
        Truth truth = cluster.truth();
        cluster.awaitPrimary(SOON);

        cluster.stopAllEtcd();

        await().atMost(SOON).until(() -> truth.writable().isEmpty());
        assertThat(cluster.leader()).isEmpty();
        cluster.startAllEtcd();
        await().atMost(SOON).until(() -> truth.writable().isPresent());
    }

    @Test
    void eventsGoOnAfterACompactionAndALostQuorum(PatroniCluster cluster) {
        EtcdEvents events = cluster.events();
        CopyOnWriteArrayList<EtcdEvents.Event> told = new CopyOnWriteArrayList<>();
        try (EtcdEvents.Subscription ignored = events.subscribe(told::add)) {
            cluster.compactEtcd();
            cluster.stopAllEtcd();
            cluster.startAllEtcd();
            cluster.awaitHealthy(SOON);
            String to = cluster.syncStandby().orElseThrow();
            cluster.switchover(to);
            await().atMost(SOON)
                    .until(() -> told.stream()
                            .anyMatch(e -> e.key().equals("leader")
                                    && e.value().filter(to::equals).isPresent()));
        }
        assertThat(events.all()).containsAll(told);
        assertThat(told).extracting(EtcdEvents.Event::revision).isSorted();
    }
}
