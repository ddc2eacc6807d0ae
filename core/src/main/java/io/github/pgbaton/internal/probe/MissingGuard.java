package io.github.pgbaton.internal.probe;

import org.slf4j.LoggerFactory;

/**
 * Which one of the guards of replay is taken away; none, unless a test asked for it before this class was loaded. For
 * tests of the tests alone: {@code ./run chaos --without} shows with it that the campaign sees what the guard prevents.
 *
 * <p>Read once from a system property, so that the JIT compiler leaves nothing of it in a driver that does its work. Whoever
 * sets it is told in the log, whatever its value is.
 */
public final class MissingGuard {
    /** The system property; its values are the names of the constants below, in lower case. */
    public static final String PROPERTY = "io.github.pgbaton.internal.fault";

    /** A look whether the token is there, instead of a row that takes its place. */
    public static final boolean TOMBSTONE = isMissing("tombstone");

    /** What the ledger says is believed before the synchronous standby has it. */
    public static final boolean BARRIER = isMissing("barrier");

    /** What a result holds is compared at its first replay, and at no other. */
    public static final boolean DIGEST = isMissing("digest");

    static {
        String set = System.getProperty(PROPERTY);
        if (set != null) {
            LoggerFactory.getLogger(MissingGuard.class)
                    .error(
                            "the system property {} is set to {}: {}. It is for tests of pgbaton's own tests; start this JVM"
                                    + " without it",
                            PROPERTY,
                            set,
                            TOMBSTONE || BARRIER || DIGEST
                                    ? "a guard of transaction replay is taken away, and transactions can be lost or applied"
                                            + " twice"
                                    : "it names no guard of transaction replay, so none is taken away");
        }
    }

    private MissingGuard() {}

    private static boolean isMissing(String guard) {
        return guard.equals(System.getProperty(PROPERTY));
    }
}
