package io.github.pgbaton.internal.socket;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How long a caller waits for a name. */
@Timeout(60)
class NameLookUpsTest {
    @Test
    void callerWhomNoThreadCouldServeIsServedByTheNextOne() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        ThreadFactory threads = Threads.named("short");
        ThreadPoolExecutor pool = Threads.shortLived("short", 1);
        pool.setThreadFactory(task -> {
            if (asked.incrementAndGet() <= 2) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            return threads.newThread(task);
        });
        NameLookUps names = new NameLookUps(pool);
        try {
            assertThat(names.await("localhost", Duration.ofSeconds(10))).isTrue();
        } finally {
            names.close();
        }
    }

    @Test
    void callerWhomNoThreadServesWaitsNoLongerThanItsLimit() throws Exception {
        ThreadPoolExecutor pool = Threads.shortLived("short", 1);
        pool.setThreadFactory(task -> {
            throw new OutOfMemoryError("unable to create native thread");
        });
        NameLookUps names = new NameLookUps(pool);
        try {
            assertThat(names.await("localhost", Duration.ofMillis(100))).isFalse();
        } finally {
            names.close();
        }
    }

    @Test
    void closedLookUpsKeepNobodyWaiting() throws Exception {
        NameLookUps names = new NameLookUps("short");
        names.close();
        assertThat(names.await("localhost", Duration.ofSeconds(50))).isTrue();
    }
}
