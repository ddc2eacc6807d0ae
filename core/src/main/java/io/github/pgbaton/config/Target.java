package io.github.pgbaton.config;

/** Which member a connection is for; {@code target} in the URL. */
public enum Target {
    /** The primary, and nothing else. */
    PRIMARY,
    /** A replica, and nothing else. */
    REPLICA,
    /** A replica, and the primary while no replica is fit. */
    PREFER_REPLICA,
    /** The primary or a replica, whichever has the fewest sessions of this JVM. */
    ANY
}
