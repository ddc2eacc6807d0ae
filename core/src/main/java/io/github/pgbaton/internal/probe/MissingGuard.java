package io.github.pgbaton.internal.probe;

/**
 * Which one of the guards of replay is taken away; none, unless a test asked for it before this class was loaded. For
 * tests of the tests alone: {@code ./run chaos --without} shows with it that the campaign sees what the guard prevents.
 *
 * <p>Read once from a system property, so that the JIT compiler leaves nothing of it in a driver that does its work.
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

    private MissingGuard() {}

    private static boolean isMissing(String guard) {
        return guard.equals(System.getProperty(PROPERTY));
    }
}
