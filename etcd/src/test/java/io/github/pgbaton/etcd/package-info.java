/** Tests of the etcd leader source, against fakes and against real etcd processes. */
@NullMarked
package io.github.pgbaton.etcd;

import org.jspecify.annotations.NullMarked;
