package io.github.pgbaton.testkit;

import io.github.pgbaton.testkit.internal.ClusterBuilder;
import java.time.Duration;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Hands every test a healthy cluster; test classes that ask for equal parameters share one.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final PatroniClusterExtension patroni = PatroniClusterExtension.local(
 *         builder -> builder.ttl(Duration.ofSeconds(10)).loopWait(Duration.ofSeconds(1)));
 *
 * @Test
 * void survives(PatroniCluster cluster) { ... }
 * }</pre>
 *
 * <p>The cluster starts before the first class that needs it and is closed after the last test of the JVM. Before each
 * test {@link PatroniCluster#restore} undoes what the test before it did to the cluster, not what it did to the data.
 * Tests that share a cluster must not run at the same time.
 */
public final class PatroniClusterExtension implements BeforeAllCallback, BeforeEachCallback, ParameterResolver {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(PatroniClusterExtension.class);
    private static final Duration RESTORE = Duration.ofMinutes(3);

    private final ClusterBuilder builder;
    private volatile @Nullable PatroniCluster cluster;

    private PatroniClusterExtension(ClusterBuilder builder, UnaryOperator<PatroniCluster.Builder> parameters) {
        this.builder = (ClusterBuilder) parameters.apply(builder);
    }

    /** A cluster of local processes with the defaults of {@link PatroniCluster#local()}. */
    public static PatroniClusterExtension local() {
        return local(builder -> builder);
    }

    /** A cluster of local processes with these parameters; equal parameters share one cluster. */
    public static PatroniClusterExtension local(UnaryOperator<PatroniCluster.Builder> parameters) {
        return new PatroniClusterExtension(ClusterBuilder.local(), parameters);
    }

    /** A cluster of containers with these parameters; equal parameters and generations share one cluster. */
    public static PatroniClusterExtension docker(
            Generation generation, UnaryOperator<PatroniCluster.Builder> parameters) {
        return new PatroniClusterExtension(ClusterBuilder.docker(generation), parameters);
    }

    /** The cluster; only while tests run. */
    public PatroniCluster cluster() {
        return Objects.requireNonNull(cluster, "the cluster is there from before the first test on");
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        cluster = shared(context);
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        PatroniCluster shared = shared(context);
        cluster = shared;
        shared.restore(RESTORE);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == PatroniCluster.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return shared(context);
    }

    private PatroniCluster shared(ExtensionContext context) {
        return context.getRoot()
                .getStore(NAMESPACE)
                .getOrComputeIfAbsent(builder.identity(), identity -> new Shared(builder.start()), Shared.class)
                .cluster();
    }

    /** What the root store closes after the last test. */
    private record Shared(PatroniCluster cluster) implements AutoCloseable {
        @Override
        public void close() {
            cluster.close();
        }
    }
}
