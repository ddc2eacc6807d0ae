package io.github.pgbaton.internal.jdbc;

import io.github.pgbaton.internal.session.LogicalSession;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Blob;
import java.sql.Clob;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.TransactionState;
import org.postgresql.jdbc.PgConnection;

/**
 * Keeps PgJDBC's large objects from passing the journal by: whichever transaction one of them is used in cannot be
 * replayed. It may be another one than that of the result it came from.
 *
 * <p>PgJDBC calls functions of the server's for them. Where such a call begins a transaction, it does so with a plain BEGIN,
 * though the connection is READ ONLY; and before PostgreSQL 16 a READ ONLY transaction may write large objects.
 */
final class LargeObjects {
    private static final String OBSTACLE = "it uses a large object";

    private LargeObjects() {}

    static @Nullable Blob follow(LogicalSession session, @Nullable Blob raw) {
        return raw == null ? null : follow(session, raw, Blob.class);
    }

    static @Nullable Clob follow(LogicalSession session, @Nullable Clob raw) {
        return raw == null ? null : follow(session, raw, Clob.class);
    }

    /** @return a value that PgJDBC gave, where it is a large object, as one that is followed */
    static <T> @Nullable T followed(LogicalSession session, @Nullable T value, Class<T> type) {
        if (type == Blob.class || type == Clob.class) {
            return value == null ? null : follow(session, value, type);
        }
        return value;
    }

    private static <T> T follow(LogicalSession session, T raw, Class<T> type) {
        used(session);
        return type.cast(Proxy.newProxyInstance(
                LargeObjects.class.getClassLoader(), new Class<?>[] {type}, (self, method, given) -> {
                    try {
                        return method.invoke(raw, given);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    } finally {
                        // Afterwards, for it may have been this call that began the transaction.
                        used(session);
                    }
                }));
    }

    private static void used(LogicalSession session) {
        if (open(session)) {
            session.journal().deny(OBSTACLE);
            called(session);
        }
    }

    /** PgJDBC may have called a function of the server's, without a statement that the journal knows of. */
    static void called(LogicalSession session) {
        if (open(session)) {
            session.journal().writable();
        }
    }

    private static boolean open(LogicalSession session) {
        return session.current() instanceof PgConnection now && now.getTransactionState() != TransactionState.IDLE;
    }
}
