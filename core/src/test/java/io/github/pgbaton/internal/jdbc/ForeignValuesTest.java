package io.github.pgbaton.internal.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.internal.replay.Journal;
import java.lang.reflect.Proxy;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.util.PGobject;

/** Values of classes that are not PgJDBC's, bound in a transaction that is to be replayed. */
class ForeignValuesTest {
    private final Journal journal = new Journal(true, 1 << 20, Set.of());
    private final QuietSession session = new QuietSession(journal);
    private final FakeJdbc again = new FakeJdbc(PreparedStatement.class, "again");
    private final BatonPreparedStatement statement = new BatonPreparedStatement(
            new BatonConnection(session),
            StatementRequest.prepared("INSERT INTO t VALUES (?)"),
            new FakeJdbc(PreparedStatement.class, "prepared").as(PreparedStatement.class));

    /** As a vector is: each look at it makes a long text. */
    private static final class Vector extends PGobject {
        private static final long serialVersionUID = 1L;

        int asked;
        int shown;

        Vector() {
            type = "vector";
        }

        @Override
        public String getValue() {
            asked++;
            return new String("[1,2]");
        }

        @Override
        public String toString() {
            shown++;
            return new String("a vector");
        }
    }

    @BeforeEach
    void begin() {
        session.autoCommit = false;
    }

    private Object replayed() throws SQLException {
        statement.execute();
        assertThat(journal.obstacle()).isNull();
        statement.parameters().row().bind(again.as(PreparedStatement.class));
        return again.calls().get(again.calls().size() - 1).arguments()[1];
    }

    @Test
    void objectThatIsSentAsWhatItIsIsRenderedOnce() throws SQLException {
        Vector vector = new Vector();
        statement.setObject(1, vector);
        statement.setObject(1, vector, Types.OTHER);

        assertThat(vector.asked).isEqualTo(2);
        assertThat(vector.shown).isZero();
        assertThat(((PGobject) replayed()).getValue()).isEqualTo("[1,2]");
    }

    @Test
    void objectThatIsSentAsTextIsReplayedAsWhatItShowed() throws SQLException {
        statement.setObject(1, new Vector(), Types.VARCHAR);

        assertThat(replayed()).hasToString("a vector");
    }

    @Test
    void arrayBoundToAnotherTypeIsReplayedAsItsText() throws SQLException {
        Array array = (Array) Proxy.newProxyInstance(
                ForeignValuesTest.class.getClassLoader(), new Class<?>[] {Array.class}, (self, method, arguments) -> {
                    if (method.getName().equals("toString")) {
                        return "{1,2}";
                    }
                    throw new UnsupportedOperationException(method.getName());
                });
        statement.setObject(1, array, Types.OTHER);

        assertThat(replayed()).isEqualTo("{1,2}");
    }
}
