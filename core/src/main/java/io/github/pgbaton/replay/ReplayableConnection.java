package io.github.pgbaton.replay;

import java.sql.SQLException;
import java.util.Optional;

/**
 * A connection whose transactions are replayed when their session breaks; every connection of pgbaton is one, a pool's
 * gives it through {@code unwrap(ReplayableConnection.class)}.
 *
 * <p>For the one thread that uses the connection.
 */
public interface ReplayableConnection {

    /**
     * Keeps the transaction in progress, or else the next one, from being replayed: for one that does what a rollback does
     * not undo, as a call of another system between two statements. If its session breaks before its COMMIT, the
     * application gets 40001. In autocommit mode that is the next statement, and 40003.
     *
     * @throws SQLException 08003 when closed
     */
    void disableReplay() throws SQLException;

    /**
     * @return whether the transaction in progress would be replayed if its session broke now; outside a transaction,
     *     whether one would be that did nothing special
     * @throws SQLException 08003 when closed
     */
    default boolean replayable() throws SQLException {
        return obstacle().isEmpty();
    }

    /**
     * @return why it would not be, as a clause, empty where it would
     * @throws SQLException 08003 when closed
     */
    Optional<String> obstacle() throws SQLException;
}
