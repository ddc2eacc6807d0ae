/**
 * A real Patroni cluster to start and to break, from JUnit or a main program.
 *
 * <p>{@link io.github.pgbaton.testkit.PatroniCluster} is the way in; {@link
 * io.github.pgbaton.testkit.PatroniClusterExtension} shares one between test classes.
 */
@NullMarked
package io.github.pgbaton.testkit;

import org.jspecify.annotations.NullMarked;
