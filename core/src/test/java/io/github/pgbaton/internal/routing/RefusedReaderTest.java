package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.pgbaton.config.ConnectionSpec;
import io.github.pgbaton.internal.probe.Deadline;
import io.github.pgbaton.internal.routing.ConnectQueue.Rank;
import io.github.pgbaton.scripted.ScriptedLeaderSource;
import io.github.pgbaton.scripted.ScriptedPostgres;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A replica that lets one user in and another one not is fit all the time for whom it lets in. */
@Timeout(60)
class RefusedReaderTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static ConnectionSpec spec(ScriptedPostgres primary, String user) throws Exception {
        Properties caller = new Properties();
        caller.setProperty("user", user);
        caller.setProperty("password", "s3cret");
        return ConnectionSpec.parse(
                "jdbc:pgbaton:postgresql://" + primary.address() + "/db?sslmode=disable&target=replica", caller);
    }

    @Test
    void replicaThatRefusesOneUserIsSuspectedByNobody() throws Exception {
        try (ScriptedPostgres primary = new ScriptedPostgres().position(1);
                ScriptedPostgres replica =
                        new ScriptedPostgres().inRecovery(true).position(1)) {
            ScriptedLeaderSource source = ScriptedLeaderSource.register("refused", primary, replica);
            ConnectionSpec reader = spec(primary, "reader");
            LeaderTracker tracker = Trackers.track(reader.config(), source);
            try {
                source.elect("node1");
                ReplicaWatch watch = tracker.replicas();
                ReplicaBoard board = watch.board(new ReplicaBoard.Criteria(
                        reader.config().maxReplicaLag(), reader.config().replicaChoice()));
                watch.retain(this, reader);
                await().atMost(PATIENCE)
                        .until(() ->
                                board.view().settled() && board.view().fit().contains(replica.address()));
                ReplicaView before = board.view();
                replica.refusing("stranger");
                ReplicaConnector stranger =
                        new ReplicaConnector(tracker, spec(primary, "stranger"), () -> false, Rank.CALLER);
                assertThatThrownBy(() -> stranger.open(Deadline.in(PATIENCE)))
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
                assertThat(board.view())
                        .as("the very same: it was fit all the time")
                        .isSameAs(before);
            } finally {
                tracker.close();
            }
        }
    }
}
