package io.github.pgbaton.internal.routing;

/** Whether a session that lives is on a member of the kind that its connection is for. */
public enum Placed {
    /** It stays. */
    WELL,
    /** Another member is to have it, unless it holds what only one session can. */
    ELSEWHERE_BETTER,
    /** Its member is no replica any more, and another one is to have it. */
    PROMOTED
}
