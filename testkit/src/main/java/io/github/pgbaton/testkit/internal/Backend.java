package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.PatroniCluster;

/** What a cluster is made of; equal backends make clusters that a test cannot tell apart. */
interface Backend {
    PatroniCluster start(Settings settings);
}
