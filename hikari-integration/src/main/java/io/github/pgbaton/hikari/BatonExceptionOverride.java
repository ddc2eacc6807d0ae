package io.github.pgbaton.hikari;

import com.zaxxer.hikari.SQLExceptionOverride;
import io.github.pgbaton.event.CommitUnknownException;
import io.github.pgbaton.event.SessionStateLostException;
import io.github.pgbaton.event.StatementUnknownException;
import io.github.pgbaton.event.TransactionLostException;
import io.github.pgbaton.pool.NoSessionException;
import io.github.pgbaton.pool.UnexpectedReadOnlyException;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Tells HikariCP which connections to keep: one that threw an exception of pgbaton's own is never evicted, because it
 * moves to the primary by itself.
 *
 * <p>For {@code exceptionOverrideClassName} or {@code HikariConfig.setExceptionOverride}.
 *
 * <table>
 * <caption>The verdicts</caption>
 * <tr><th>exception</th><th>SQLState</th><th>verdict</th><th>why</th></tr>
 * <tr><td>{@link TransactionLostException}</td><td>40001</td><td>keep</td><td>usable after a rollback</td></tr>
 * <tr><td>{@link StatementUnknownException}</td><td>40003</td><td>keep</td><td>usable at once</td></tr>
 * <tr><td>{@link CommitUnknownException}</td><td>08007</td><td>keep</td><td>usable at once; HikariCP alone evicts every
 * 08, and then the rollback that follows fails too</td></tr>
 * <tr><td>{@link SessionStateLostException}</td><td>08S02</td><td>keep</td><td>told once; the session that took the place
 * of the old one is usable at once</td></tr>
 * <tr><td>{@link NoSessionException}</td><td>08001, 08006</td><td>keep</td><td>no primary in time: usable at once, after a
 * rollback where a transaction was open, and the next call waits for a primary again</td></tr>
 * <tr><td>any with an {@link UnexpectedReadOnlyException} behind it</td><td>25006</td><td>evict</td><td>read-only where a write
 * was expected: a connection opened in its place is verified to be on the primary</td></tr>
 * <tr><td>any other that ended a new session before it began</td><td>28P01, 28000</td><td>evict</td><td>refused with the
 * credentials that it was opened with: a connection opened in its place has the pool's newest</td></tr>
 * <tr><td>any other</td><td>25006</td><td>HikariCP's: keep</td><td>a write on a replica, or where the application itself called {@code
 * setReadOnly(true)}: its rollback would fail on a connection that was thrown away</td></tr>
 * <tr><td>any other</td><td>any other</td><td>HikariCP's</td><td>08003 among them, the connection was closed
 * or aborted, and the 08006 of a call that ends each of its sessions</td></tr>
 * </table>
 *
 * <p>Decides by type and not by SQLState, for PostgreSQL and other drivers use the same ones. Immutable.
 * Looks into a {@link SQLClientInfoException}, which stands around whatever {@code setClientInfo} fails with.
 */
public final class BatonExceptionOverride implements SQLExceptionOverride {
    /** HikariCP follows no longer chain. */
    private static final int DEPTH = 10;

    // In here a bare @Override would be the interface's nested enum.
    @java.lang.Override
    public Override adjudicate(SQLException failure) {
        if (failure instanceof TransactionLostException
                || failure instanceof StatementUnknownException
                || failure instanceof CommitUnknownException
                || failure instanceof SessionStateLostException
                || failure instanceof NoSessionException) {
            return Override.DO_NOT_EVICT;
        }
        if (failure instanceof SQLClientInfoException && failure.getCause() instanceof SQLException behind) {
            return adjudicate(behind);
        }
        if (isRefusedLogin(failure)) {
            return Override.MUST_EVICT;
        }
        SQLException next = failure;
        for (int i = 0; i < DEPTH && next != null; i++, next = next.getNextException()) {
            if (next instanceof UnexpectedReadOnlyException) {
                return Override.MUST_EVICT;
            }
        }
        return Override.CONTINUE_EVICT;
    }

    /** By its severity, for a function of the application's may raise class 28 too, and that session lives on. */
    private static boolean isRefusedLogin(SQLException failure) {
        if (!(failure instanceof PSQLException said)
                || !String.valueOf(failure.getSQLState()).startsWith("28")) {
            return false;
        }
        ServerErrorMessage message = said.getServerErrorMessage();
        return message != null && !"ERROR".equals(message.getSeverity());
    }
}
