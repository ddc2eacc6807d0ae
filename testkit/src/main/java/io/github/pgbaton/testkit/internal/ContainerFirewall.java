package io.github.pgbaton.testkit.internal;

import com.github.dockerjava.api.model.ContainerNetwork.Ipam;
import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.Party;
import io.github.pgbaton.testkit.UnsupportedFaultException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.testcontainers.containers.Container;

/**
 * Loses the packets between containers, and between them and the client; each container has all rules that concern it,
 * and is given them again when it starts.
 *
 * <p>Whoever is no part of the cluster comes from outside its addresses, and is the client, but for those who use the
 * ports that are for the testkit alone.
 */
final class ContainerFirewall implements Network {
    private final Settings settings;
    private final ContainerSite site;
    private final ContainerNetwork network;
    private final DockerEngine engine;
    private final Map<Party, ContainerUnit> units = new LinkedHashMap<>();
    private final Set<Cut> cuts = new LinkedHashSet<>();
    private final Set<String> disconnected = new LinkedHashSet<>();
    /** Who has rules that may be out of date. */
    private final Set<Party> ruled = new HashSet<>();

    ContainerFirewall(Settings settings, ContainerSite site, ContainerNetwork network, DockerEngine engine) {
        this.settings = settings;
        this.site = site;
        this.network = network;
        this.engine = engine;
    }

    synchronized void add(Party party, ContainerUnit unit) {
        units.put(party, unit);
    }

    /** Gives a container that has just begun to run what rules it must have. */
    synchronized void begins(ContainerUnit unit) {
        units.forEach((party, known) -> {
            if (known == unit && (ruled.contains(party) || cuts.stream().anyMatch(cut -> cut.concerns(party)))) {
                apply(party);
            }
        });
    }

    @Override
    public synchronized void cut(Party a, Party b) {
        Set<Cut> wanted = Cut.pairs(settings, a, b);
        wanted.removeAll(cuts);
        for (Cut cut : wanted) {
            if (cut.concerns(Party.client()) && unit(cut.other(Party.client())).isPaused()) {
                throw new UnsupportedFaultException(
                        "a frozen container cannot be cut from the client: cut first, then freeze");
            }
        }
        cuts.addAll(wanted);
        try {
            applyAll(wanted);
        } catch (UnsupportedFaultException e) {
            cuts.removeAll(wanted);
            throw e;
        }
    }

    @Override
    public synchronized void heal(Party a, Party b) {
        Set<Cut> healed = Cut.pairs(settings, a, b);
        if (cuts.removeAll(healed)) {
            applyAll(healed);
        }
    }

    @Override
    public synchronized void disconnect(String member) {
        if (disconnected.add(member)) {
            engine.client()
                    .disconnectFromNetworkCmd()
                    .withNetworkId(network.id())
                    .withContainerId(unit(Party.member(member)).id())
                    .exec();
        }
    }

    @Override
    public synchronized void reconnect(String member) {
        if (disconnected.remove(member)) {
            String address = site.member(settings.memberIndex(member)).getHostAddress();
            ContainerUnit unit = unit(Party.member(member));
            engine.client()
                    .connectToNetworkCmd()
                    .withNetworkId(network.id())
                    .withContainerId(unit.id())
                    .withContainerNetwork(new com.github.dockerjava.api.model.ContainerNetwork()
                            .withIpamConfig(new Ipam().withIpv4Address(address)))
                    .exec();
        }
    }

    @Override
    public void forget(String member, int clientPort) {
        throw new UnsupportedFaultException("the published ports of containers hide the client's port");
    }

    @Override
    public synchronized boolean healAll() {
        boolean any = !cuts.isEmpty() || !disconnected.isEmpty();
        Set.copyOf(disconnected).forEach(this::reconnect);
        Set<Cut> healed = Set.copyOf(cuts);
        cuts.clear();
        applyAll(healed);
        return any;
    }

    private ContainerUnit unit(Party party) {
        ContainerUnit unit = units.get(party);
        if (unit == null) {
            throw new IllegalArgumentException("no container of " + party);
        }
        return unit;
    }

    private void applyAll(Set<Cut> changed) {
        units.keySet().stream()
                .filter(party -> changed.stream().anyMatch(cut -> cut.concerns(party)))
                .forEach(this::apply);
    }

    private void apply(Party party) {
        ruled.add(party);
        ContainerUnit unit = unit(party);
        if (!unit.isAwake()) {
            // It has its turn when it goes on; until then the other end of each cut does the work.
            return;
        }
        String lost = cuts.stream()
                .filter(cut -> cut.concerns(party))
                .map(cut -> rule(cut.other(party)))
                .collect(Collectors.joining());
        String script = """
                add table inet pgbaton
                delete table inet pgbaton
                table inet pgbaton {
                  chain in { type filter hook input priority 0; %s }
                  chain out { type filter hook output priority 0; %s }
                }
                """.formatted(
                        lost.replace("PEER", "saddr").replace("IF", "iif").replace("OWN", "dport"),
                        lost.replace("PEER", "daddr").replace("IF", "oif").replace("OWN", "sport"));
        Container.ExecResult result = unit.run("sh", "-c", "nft -f - <<'END'\n" + script + "END\n");
        if (result.getExitCode() != 0) {
            throw new UnsupportedFaultException("cutting the network needs nftables in the containers, and nft said: "
                    + result.getStderr().strip());
        }
        if (lost.isEmpty()) {
            ruled.remove(party);
        }
    }

    /** What is lost of the packets from and to this party; the words in capitals are the direction's. */
    private String rule(Party peer) {
        return switch (peer.kind()) {
            case CLIENT ->
                "IF != lo ip PEER != %s tcp OWN != { %d, %d, %d } drop; "
                        .formatted(
                                site.everybody(settings),
                                ContainerSite.POSTGRES + ContainerSite.OBSERVED,
                                ContainerSite.REST + ContainerSite.OBSERVED,
                                ContainerSite.ETCD + ContainerSite.OBSERVED);
            case MEMBER -> drop(site.member(settings.memberIndex(peer.name())).getHostAddress());
            case ETCD -> drop(site.etcd(Cut.etcdIndex(settings, peer)).getHostAddress());
            case HAPROXY -> drop(site.proxy().getHostAddress());
        };
    }

    private static String drop(String address) {
        return "ip PEER " + address + " drop; ";
    }

    /** Ends every container and removes it, then the network between them. */
    void close() {
        for (ContainerUnit unit : units.values()) {
            try {
                unit.remove();
            } catch (ClusterException e) {
                // The next one has to go all the same; what stays is swept when its JVM is gone.
            }
        }
        engine.removeNetwork(network.id());
        site.release();
    }
}
