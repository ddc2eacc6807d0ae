package io.github.pgbaton.hikari;

import static com.zaxxer.hikari.SQLExceptionOverride.Override.CONTINUE_EVICT;
import static com.zaxxer.hikari.SQLExceptionOverride.Override.DO_NOT_EVICT;
import static com.zaxxer.hikari.SQLExceptionOverride.Override.MUST_EVICT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.SQLExceptionOverride;
import io.github.pgbaton.event.SessionStateLostException;
import io.github.pgbaton.event.TransactionLostException;
import io.github.pgbaton.pool.NoSessionException;
import io.github.pgbaton.pool.UnexpectedReadOnlyException;
import java.lang.reflect.Array;
import java.lang.reflect.Proxy;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Which connections HikariCP keeps. */
class BatonExceptionOverrideTest {
    private final BatonExceptionOverride override = new BatonExceptionOverride();

    @ParameterizedTest
    @MethodSource("ours")
    void everyExceptionOfOurOwnKeepsTheConnection(Class<? extends SQLException> type) throws Exception {
        SQLException failure =
                type.getConstructor(String.class, Throwable.class).newInstance("text", null);

        assertThat(override.adjudicate(failure)).isEqualTo(DO_NOT_EVICT);
    }

    /** Those of today and those that somebody adds. */
    static Stream<Class<?>> ours() {
        List<Class<?>> found = new ClassFileImporter()
                .importPackages("io.github.pgbaton.event").stream()
                        .filter(type -> type.isAssignableTo(SQLException.class))
                        .<Class<?>>map(JavaClass::reflect)
                        .toList();
        assertThat(found).contains(TransactionLostException.class);
        return found.stream();
    }

    @ParameterizedTest
    @ValueSource(strings = {"40001", "40003", "08007", "08006", "08001", "08003", "57P01", "42601", ""})
    @NullSource
    void anotherDriversExceptionIsLeftToHikari(String sqlState) {
        assertThat(override.adjudicate(new SQLException("text", sqlState))).isEqualTo(CONTINUE_EVICT);
    }

    /** With another connection in its place it could not be rolled back, and whoever retries would hear of that alone. */
    @ParameterizedTest
    @ValueSource(strings = {"08006", "08001"})
    void poolKeepsAConnectionThatFoundNoPrimaryInTime(String sqlState) throws Exception {
        List<String> calls = new CopyOnWriteArrayList<>();
        SQLException none = new NoSessionException("no primary in time", sqlState, null);
        HikariConfig config = new HikariConfig();
        config.setDataSource(fake(DataSource.class, calls, none));
        config.setExceptionOverride(override);
        config.setAutoCommit(false);
        config.setMaximumPoolSize(1);
        try (HikariDataSource pool = new HikariDataSource(config)) {
            try (Connection connection = pool.getConnection();
                    Statement statement = connection.createStatement()) {
                assertThatThrownBy(() -> statement.execute("INSERT")).isSameAs(none);
                connection.rollback();
            }
            pool.getConnection().close();
        }
        assertThat(calls).containsSubsequence("execute", "rollback").containsOnlyOnce("getConnection");
    }

    /** Of JDBC's interfaces; notes down the calls of each object that it leads to. */
    private static <T> T fake(Class<T> type, List<String> calls, SQLException executing) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
            calls.add(method.getName());
            Class<?> result = method.getReturnType();
            if (method.getName().equals("execute")) {
                throw executing;
            }
            if (method.getName().equals("isValid")) {
                return true;
            }
            if (result.isPrimitive()) {
                return result == void.class ? null : Array.get(Array.newInstance(result, 1), 0);
            }
            return result.getName().startsWith("java.sql.") ? fake(result, calls, executing) : null;
        }));
    }

    @Test
    void clientInfoThatCouldNotBeSetIsJudgedByItsReason() {
        SQLException ours = new SessionStateLostException("text", null);
        SQLException another = new SQLException("text", "08006");

        assertThat(override.adjudicate(new SQLClientInfoException("text", "08S02", Map.of(), ours)))
                .isEqualTo(DO_NOT_EVICT);
        assertThat(override.adjudicate(new SQLClientInfoException("text", "08006", Map.of(), another)))
                .isEqualTo(CONTINUE_EVICT);
        assertThat(override.adjudicate(new SQLClientInfoException())).isEqualTo(CONTINUE_EVICT);
    }

    /** After the pool was given another password, one that moves is refused with the old one for as long as it is kept. */
    @ParameterizedTest
    @CsvSource({
        "FATAL, 28P01, MUST_EVICT",
        "FATAL, 28000, MUST_EVICT",
        "ERROR, 28P01, CONTINUE_EVICT",
        "FATAL, 53300, CONTINUE_EVICT"
    })
    void refusedLoginEvictsTheConnectionAndAnErrorOfTheApplicationsDoesNot(
            String severity, String state, SQLExceptionOverride.Override verdict) {
        ServerErrorMessage message = new ServerErrorMessage("S" + severity + "\0C" + state + "\0Mtext\0");

        assertThat(override.adjudicate(new PSQLException(message))).isEqualTo(verdict);
    }

    @Test
    void writeThatAMemberRefusesAndNobodyMadeReadOnlyEvictsTheConnection() {
        SQLException refused = new SQLException("text", "25006");
        refused.setNextException(new UnexpectedReadOnlyException("text"));
        SQLException inABatch = new BatchUpdateException("text", "25006", new int[0]);
        inABatch.setNextException(refused);

        assertThat(override.adjudicate(refused)).isEqualTo(MUST_EVICT);
        assertThat(override.adjudicate(inABatch)).isEqualTo(MUST_EVICT);
    }

    @Test
    void writeWhereTheApplicationItselfIsReadOnlyKeepsTheConnectionForItsRollback() {
        SQLException mistake = new SQLException("text", "25006");
        mistake.setNextException(new SQLException("text", "25P02"));

        assertThat(override.adjudicate(mistake)).isEqualTo(CONTINUE_EVICT);
    }

    @Test
    void causeOfOurExceptionDoesNotEvict() {
        SQLException loss = new TransactionLostException("text", new SQLException("text", "25006"));

        assertThat(override.adjudicate(loss)).isEqualTo(DO_NOT_EVICT);
    }

    @Test
    void hikariMakesItFromItsName() {
        HikariConfig config = new HikariConfig();
        config.setExceptionOverrideClassName("io.github.pgbaton.hikari.BatonExceptionOverride");

        assertThat(config.getExceptionOverride()).isInstanceOf(BatonExceptionOverride.class);
    }
}
