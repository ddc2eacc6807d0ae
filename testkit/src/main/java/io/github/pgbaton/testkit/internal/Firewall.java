package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.ClusterException;
import io.github.pgbaton.testkit.Party;
import io.github.pgbaton.testkit.UnsupportedFaultException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Loses the packets between two parts of a cluster; touches only its own nftables table, which the guardian removes.
 *
 * <p>Addresses do not tell who talks: whoever opens a connection on loopback has the source 127.0.0.1. But every part of
 * the cluster runs in a group of its own, and a packet that leaves knows the group of its socket. So from the start of
 * the cluster each connection to it is marked with the group that opened it; unmarked ones are the client's. The mark is
 * the connection's, thus the answers are recognised too, and connections that were there before the cut. Packets are
 * dropped where they come in: the sender believes that they are on their way, as on a real network.
 */
final class Firewall implements Network {
    private final Settings settings;
    private final Site site;
    private final @Nullable String whyNot;
    private final Set<Cut> cuts = new LinkedHashSet<>();
    private final Set<Connection> forgotten = new LinkedHashSet<>();

    /** One connection of the client's to a member's PostgreSQL. */
    private record Connection(String member, int clientPort) {}

    private Firewall(Settings settings, Site site, @Nullable String whyNot) {
        this.settings = settings;
        this.site = site;
        this.whyNot = whyNot;
    }

    /** Begins to mark connections, before there are any; a machine that cannot is no error until a cut is asked for. */
    static Firewall open(Settings settings, Site site) {
        String whyNot = settings.ipv6()
                ? "a cluster whose members announce [::1] has no cuts: there only ports tell the members apart"
                : tryToMark(site);
        return new Firewall(settings, site, whyNot);
    }

    private static @Nullable String tryToMark(Site site) {
        if (!site.root()) {
            return "cutting the network needs root: it gives each part of the cluster a group and drops its packets";
        }
        if (Programs.find("nft").isEmpty()) {
            return "cutting the network needs nft: apt-get install -y --no-install-recommends nftables";
        }
        String table = "inet " + site.table();
        // The addresses that listen, not the observer's: an answer to it must not mark its connection.
        String listening = site.postgres(0).getAddress().getHostAddress() + "-"
                + site.haproxy().getAddress().getHostAddress();
        String marks = IntStream.rangeClosed(site.firstGid(), site.lastGid())
                .mapToObj(gid -> gid + " : " + gid)
                .collect(Collectors.joining(", "));
        Shell.Result result = nft("""
                add table %1$s
                delete table %1$s
                table %1$s {
                  chain remember {
                    type filter hook output priority 0; policy accept;
                    ip daddr %2$s ct mark set meta skgid map { %3$s }
                  }
                  chain lose {
                    type filter hook input priority 0; policy accept;
                  }
                }
                """.formatted(table, listening, marks));
        return result.status() == 0
                ? null
                : "cutting the network needs nftables with connection tracking, and nft said: " + result.output();
    }

    @Override
    public synchronized void cut(Party a, Party b) {
        add(Cut.pairs(settings, a, b));
    }

    private void add(Set<Cut> wanted) {
        demandRules();
        Set<Cut> added = new LinkedHashSet<>(wanted);
        added.removeAll(cuts);
        if (cuts.addAll(added)) {
            applyOr(() -> cuts.removeAll(added));
        }
    }

    private void demandRules() {
        if (whyNot != null) {
            throw new UnsupportedFaultException(whyNot);
        }
    }

    @Override
    public synchronized void forget(String member, int clientPort) {
        demandRules();
        Connection connection = new Connection(member, clientPort);
        if (forgotten.add(connection)) {
            applyOr(() -> forgotten.remove(connection));
        }
    }

    @Override
    public synchronized void heal(Party a, Party b) {
        remove(Cut.pairs(settings, a, b));
    }

    private void remove(Set<Cut> healed) {
        if (cuts.removeAll(healed)) {
            apply();
        }
    }

    @Override
    public synchronized void disconnect(String member) {
        add(Cut.fromAll(settings, Party.member(member)));
    }

    @Override
    public synchronized void reconnect(String member) {
        remove(Cut.fromAll(settings, Party.member(member)));
    }

    @Override
    public synchronized boolean healAll() {
        if (cuts.isEmpty() && forgotten.isEmpty()) {
            return false;
        }
        cuts.clear();
        forgotten.clear();
        apply();
        return true;
    }

    private void apply() {
        applyOr(() -> {});
    }

    /** A rule that nft refuses is taken back: kept, it would have every later cut refused too. */
    private void applyOr(Runnable takeBack) {
        String chain = "inet " + site.table() + " lose";
        List<String> commands = new ArrayList<>(List.of("flush chain " + chain));
        for (Cut cut : cuts) {
            for (String match : matches(cut.a(), cut.b())) {
                commands.add("add rule " + chain + " " + match + " drop");
            }
            for (String match : matches(cut.b(), cut.a())) {
                commands.add("add rule " + chain + " " + match + " drop");
            }
        }
        for (Connection connection : forgotten) {
            InetSocketAddress server = site.postgres(settings.memberIndex(connection.member()));
            String there = server.getAddress().getHostAddress();
            commands.add("add rule " + chain + " ip daddr " + there + " tcp dport " + server.getPort() + " tcp sport "
                    + connection.clientPort() + " drop");
            commands.add("add rule " + chain + " ip saddr " + there + " tcp sport " + server.getPort() + " tcp dport "
                    + connection.clientPort() + " drop");
        }
        Shell.Result result = nft(commands.stream().collect(Collectors.joining("\n", "", "\n")));
        if (result.status() != 0) {
            takeBack.run();
            throw new ClusterException("nft refused a rule: " + result.output());
        }
    }

    /** Both directions of the connections that one party opens to the other. */
    private List<String> matches(Party from, Party to) {
        Optional<InetAddress> address = address(to);
        if (address.isEmpty()) {
            return List.of();
        }
        String there = address.get().getHostAddress();
        OptionalInt gid = gid(from);
        if (gid.isPresent()) {
            String mark = "ct mark " + gid.getAsInt();
            return List.of(mark + " ip daddr " + there, mark + " ip saddr " + there);
        }
        String observer = site.observer().getHostAddress();
        return List.of(
                "ct mark 0 ip daddr " + there + " ip saddr != " + observer,
                "ct mark 0 ip saddr " + there + " ip daddr != " + observer);
    }

    /** Where a party listens; the client does not. */
    private Optional<InetAddress> address(Party party) {
        return switch (party.kind()) {
            case CLIENT -> Optional.empty();
            case MEMBER ->
                Optional.of(site.postgres(settings.memberIndex(party.name())).getAddress());
            case ETCD ->
                Optional.of(site.etcdClient(Cut.etcdIndex(settings, party)).getAddress());
            case HAPROXY -> Optional.of(site.haproxy().getAddress());
        };
    }

    private OptionalInt gid(Party party) {
        return switch (party.kind()) {
            case CLIENT -> OptionalInt.empty();
            case MEMBER -> site.memberGid(settings.memberIndex(party.name()));
            case ETCD -> site.etcdGid(Cut.etcdIndex(settings, party));
            case HAPROXY -> site.haproxyGid();
        };
    }

    private static Shell.Result nft(String script) {
        return Shell.run(script, List.of("nft", "-f", "-"));
    }
}
