/** How the testkit does it: nothing in here is API, and it may change in any release. */
@NullMarked
package io.github.pgbaton.testkit.internal;

import org.jspecify.annotations.NullMarked;
