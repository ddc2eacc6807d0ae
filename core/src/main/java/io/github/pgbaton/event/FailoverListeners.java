package io.github.pgbaton.event;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The listeners of this JVM, for all clusters; whoever adds one removes it, for it is held here until then.
 *
 * <p>One place for all, because connections that a URL made have no object to add a listener to, and pools of one cluster
 * share what is watched. Thread-safe.
 */
public final class FailoverListeners {
    private static final CopyOnWriteArrayList<FailoverListener> ALL = new CopyOnWriteArrayList<>();

    private FailoverListeners() {}

    /**
     * Adds a listener, which hears what happens from now on.
     *
     * @param listener to add; one that is there already is not added twice
     */
    public static void add(FailoverListener listener) {
        ALL.addIfAbsent(Objects.requireNonNull(listener, "listener"));
    }

    /**
     * Takes a listener away; an event that is being delivered may still reach it.
     *
     * @param listener to remove; one that is not there is no error
     */
    public static void remove(FailoverListener listener) {
        ALL.remove(listener);
    }

    /** @return the listeners of this moment */
    public static List<FailoverListener> all() {
        return List.copyOf(ALL);
    }

    /** @return whether nobody listens; costs one read */
    public static boolean none() {
        return ALL.isEmpty();
    }
}
