package io.github.pgbaton.internal.routing;

import java.security.cert.CertificateException;
import java.sql.SQLException;

/**
 * Which failures to open a session time can heal: a member that is down, starting or stopping, and in the rush after an
 * election one that has no room for another client yet; time helps against nothing else.
 */
public final class WaitingHelps {
    /** PgJDBC's word for what it refuses itself, such as a missing password. */
    private static final String REJECTED = "08004";

    private static final String TOO_MANY_CONNECTIONS = "53300";
    private static final String NAME_VERIFIER = "PgjdbcHostnameVerifier";

    private WaitingHelps() {}

    /**
     * @param failure to open a session
     * @param freshlyElected whether everybody comes back to a new primary just now
     * @return whether the next attempt may succeed
     */
    public static boolean against(SQLException failure, boolean freshlyElected) {
        String state = failure.getSQLState();
        boolean transientFailure = state != null
                && ((state.startsWith("08") && !state.equals(REJECTED))
                        || state.startsWith("57P")
                        || (freshlyElected && state.equals(TOO_MANY_CONNECTIONS)));
        return transientFailure && !isAboutCertificates(failure);
    }

    /** Throws what waiting does not help {@link #against}. */
    static void orThrow(SQLException failure, boolean freshlyElected) throws SQLException {
        if (!against(failure, freshlyElected)) {
            throw failure;
        }
    }

    private static boolean isAboutCertificates(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            // PgJDBC says nothing else of a certificate for another name; its text is translated, this word is not.
            if (t instanceof CertificateException
                    || String.valueOf(t.getMessage()).contains(NAME_VERIFIER)) {
                return true;
            }
        }
        return false;
    }
}
