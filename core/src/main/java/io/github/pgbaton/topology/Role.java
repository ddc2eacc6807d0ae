package io.github.pgbaton.topology;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A member's role as Patroni writes it; a word this version does not know is {@link #OTHER}, never an error. */
public enum Role {
    /** Holds the lock and runs a primary; Patroni 3 writes {@code master}, Patroni 4 {@code primary}. */
    PRIMARY,
    /** Follows; also {@code sync_standby} and {@code quorum_standby} of the REST interface. */
    REPLICA,
    /** Holds the lock of a standby cluster: follows another cluster and takes no writes. */
    STANDBY_LEADER,
    /** Promoting, demoted, not initialised or unknown to this version. */
    OTHER;

    /**
     * @param text Patroni's word, null where it gave none
     * @return the role it stands for
     */
    public static Role parse(@Nullable String text) {
        if (text == null) {
            return OTHER;
        }
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "master", "primary", "leader" -> PRIMARY;
            case "replica", "sync_standby", "quorum_standby" -> REPLICA;
            case "standby_leader" -> STANDBY_LEADER;
            default -> OTHER;
        };
    }
}
