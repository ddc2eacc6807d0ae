package io.github.pgbaton.testkit;

import java.util.function.UnaryOperator;
import org.junit.jupiter.api.extension.Extension;

/** Shares a cluster between test classes of a JVM and hands every test a healthy one. */
public final class PatroniClusterExtension implements Extension {
    private final UnaryOperator<PatroniCluster.Builder> parameters;

    private PatroniClusterExtension(UnaryOperator<PatroniCluster.Builder> parameters) {
        this.parameters = parameters;
    }

    /** A cluster of local processes with the defaults of {@link PatroniCluster#local()}. */
    public static PatroniClusterExtension local() {
        return local(builder -> builder);
    }

    /** A cluster of local processes with these parameters; equal parameters share one cluster. */
    public static PatroniClusterExtension local(UnaryOperator<PatroniCluster.Builder> parameters) {
        return new PatroniClusterExtension(parameters);
    }

    /** The cluster. */
    public PatroniCluster cluster() {
        return parameters.apply(PatroniCluster.local()).start();
    }
}
