package io.github.pgbaton.examples.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.event.FailoverEvent.CommitsAudited;
import io.github.pgbaton.event.FailoverEvent.LostCommit;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class AuditedTest {
    private final Audited audited = new Audited();

    private static CommitsAudited audit(int lost, boolean more, int unknown) {
        return new CommitsAudited(
                "c",
                Instant.EPOCH,
                2,
                Collections.nCopies(lost, new LostCommit(Instant.EPOCH, null, "7")),
                more,
                5,
                unknown);
    }

    @Test
    void lossesOfAllAuditsCountAndNoMore() {
        audited.on(audit(2, false, 0));
        audited.on(audit(1, false, 1));

        assertThat(audited.lost()).isEqualTo(3);
        assertThat(audited.covers(4)).isTrue();
        assertThat(audited.covers(5)).isFalse();
    }

    @Test
    void whereMoreMayBeLostAnyNumberIsTold() {
        audited.on(audit(1, true, 0));
        assertThat(audited.covers(100)).isTrue();
    }

    @Test
    void anAuditThatComesLaterIsWaitedFor() throws Exception {
        CompletableFuture<Void> later = CompletableFuture.runAsync(() -> audited.on(audit(1, false, 0)));
        assertThat(audited.awaitCovers(1, Duration.ofSeconds(20))).isTrue();
        later.join();
    }

    @Test
    void oneThatNeverComesIsNotWaitedForForEver() throws Exception {
        assertThat(audited.awaitCovers(1, Duration.ofMillis(10))).isFalse();
    }
}
