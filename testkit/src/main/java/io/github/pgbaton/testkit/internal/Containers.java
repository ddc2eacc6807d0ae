package io.github.pgbaton.testkit.internal;

import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import io.github.pgbaton.testkit.Generation;
import io.github.pgbaton.testkit.Party;
import io.github.pgbaton.testkit.PatroniCluster;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.AbstractWaitStrategy;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.utility.DockerImageName;

/** Makes the containers of one cluster, one for each part; leaves nothing behind when that fails. */
final class Containers {
    private static final String DATA = "/var/lib/pgbaton";
    private static final String SOCKETS = "/run/pgbaton";
    private static final String PROGRAMS = "/usr/lib/postgresql/current/bin";
    private static final String CONFIGURATION = "/etc/pgbaton/";

    private final String image;
    private final ContainerSite site;
    private final ContainerNetwork network;
    private final DockerEngine engine;
    private final ContainerFirewall firewall;

    private Containers(
            String image,
            ContainerSite site,
            ContainerNetwork network,
            DockerEngine engine,
            ContainerFirewall firewall) {
        this.image = image;
        this.site = site;
        this.network = network;
        this.engine = engine;
        this.firewall = firewall;
    }

    static PatroniCluster start(Generation generation, Settings settings) {
        DockerEngine engine = DockerEngine.find();
        engine.sweep();
        String image = DockerImage.of(generation, engine.client());
        ContainerNetwork network = ContainerNetwork.create(engine);
        ContainerSite site = new ContainerSite(network.address(), settings);
        ContainerFirewall firewall = new ContainerFirewall(settings, site, network, engine);
        try {
            Configuration configuration = new Configuration(settings, site.inside(), PROGRAMS);
            Units units = new Containers(image, site, network, engine, firewall).units(settings, configuration);
            Observer observer = new Observer(settings, site);
            return Startup.run(
                    settings,
                    units,
                    observer,
                    configuration,
                    () -> new RunningCluster(settings, site, units, observer, firewall, firewall::close));
        } catch (RuntimeException e) {
            firewall.close();
            throw e;
        }
    }

    private Units units(Settings settings, Configuration configuration) {
        List<Unit> etcd = new ArrayList<>();
        for (int i = 0; i < settings.etcdMembers(); i++) {
            List<String> command = new ArrayList<>(List.of("etcd"));
            command.addAll(configuration.etcdArguments(i));
            etcd.add(unit(Party.etcd(i), "etcd" + i, site.etcd(i), command, Map.of()));
        }
        List<Unit> members = new ArrayList<>();
        for (int i = 0; i < settings.members(); i++) {
            String file = CONFIGURATION + "patroni.yml";
            String name = settings.memberName(i);
            members.add(unit(
                    Party.member(name),
                    name,
                    site.member(i),
                    List.of("patroni", file),
                    Map.of(file, configuration.patroni(i, Path.of(DATA), Path.of(SOCKETS)))));
        }
        return new Units(members, etcd, settings.haproxy() ? Optional.of(haproxy(configuration)) : Optional.empty());
    }

    private Unit haproxy(Configuration configuration) {
        String file = CONFIGURATION + "haproxy.cfg";
        return unit(
                Party.haproxy(),
                "haproxy",
                site.proxy(),
                List.of("haproxy", "-f", file),
                Map.of(file, configuration.haproxy()));
    }

    private Unit unit(Party party, String name, InetAddress address, List<String> command, Map<String, String> files) {
        GenericContainer<?> container = new GenericContainer<>(DockerImageName.parse(image))
                .withNetworkMode(network.name())
                .withCommand(command.toArray(String[]::new))
                .withCreateContainerCmdModifier(create -> place(create, name, address))
                .waitingFor(new NoWait());
        files.forEach((path, text) -> container.withCopyToContainer(Transferable.of(text), path));
        ContainerUnit unit = new ContainerUnit(name, container, engine, firewall::begins);
        firewall.add(party, unit);
        return unit;
    }

    private void place(CreateContainerCmd create, String name, InetAddress address) {
        List<ExposedPort> exposed = new ArrayList<>();
        List<PortBinding> bindings = new ArrayList<>();
        site.ports(address).forEach((inside, outside) -> {
            exposed.add(ExposedPort.tcp(inside));
            bindings.add(new PortBinding(Ports.Binding.bindIpAndPort("127.0.0.1", outside), ExposedPort.tcp(inside)));
        });
        create.withName(network.name() + "-" + name)
                .withLabels(DockerEngine.labels())
                .withHostName(name)
                .withIpv4Address(address.getHostAddress())
                .withExposedPorts(exposed);
        HostConfig host = Objects.requireNonNull(create.getHostConfig());
        // For its own network alone: what a cut does is done in there.
        host.withPortBindings(bindings).withCapAdd(Capability.NET_ADMIN);
    }

    /** Testcontainers need not wait: {@link Startup} asks the part itself. */
    private static final class NoWait extends AbstractWaitStrategy {
        @Override
        protected void waitUntilReady() {}
    }
}
