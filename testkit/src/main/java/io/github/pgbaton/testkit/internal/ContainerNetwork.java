package io.github.pgbaton.testkit.internal;

import com.github.dockerjava.api.command.CreateNetworkCmd;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.model.Network.Ipam;
import io.github.pgbaton.testkit.ClusterException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.UUID;

/** A bridge of the engine that one cluster has for itself, in which addresses can be chosen. */
record ContainerNetwork(String id, String name, InetAddress address) {
    private static final int TRIES = 5;

    /**
     * Makes one where the engine finds room. It lets nobody choose addresses in a network whose place it chose itself, so
     * it is asked for a place first, and then for a network just there.
     */
    static ContainerNetwork create(DockerEngine engine) {
        DockerException last = null;
        for (int i = 0; i < TRIES; i++) {
            String name = "pgbaton-testkit-" + UUID.randomUUID();
            String probe = command(engine, name + "-probe").exec().getId();
            String subnet = engine.client()
                    .inspectNetworkCmd()
                    .withNetworkId(probe)
                    .exec()
                    .getIpam()
                    .getConfig()
                    .get(0)
                    .getSubnet();
            engine.removeNetwork(probe);
            try {
                String id = command(engine, name)
                        .withIpam(new Ipam().withConfig(new Ipam.Config().withSubnet(subnet)))
                        .exec()
                        .getId();
                return new ContainerNetwork(id, name, first(subnet));
            } catch (DockerException e) {
                // Another cluster was given the same place in between.
                last = e;
            }
        }
        throw new ClusterException("the engine makes no network", last);
    }

    private static CreateNetworkCmd command(DockerEngine engine, String name) {
        return engine.client().createNetworkCmd().withName(name).withLabels(DockerEngine.labels());
    }

    private static InetAddress first(String subnet) {
        try {
            return InetAddress.getByName(subnet.substring(0, subnet.indexOf('/')));
        } catch (UnknownHostException e) {
            throw new ClusterException("the engine's network is " + subnet, e);
        }
    }
}
