package io.github.pgbaton.config;

/** Which of the replicas that are fit a session is opened to; {@code replicaChoice} in the URL. */
public enum ReplicaChoice {
    /** All of them alike. */
    BALANCED,
    /** The synchronous standbys, and the others while none of those is fit. */
    PREFER_SYNC,
    /** The synchronous standbys, and nothing else. */
    SYNC
}
