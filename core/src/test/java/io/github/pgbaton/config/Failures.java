package io.github.pgbaton.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.sql.SQLException;
import org.assertj.core.api.AbstractStringAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Assertions that every refusal shares: an SQLState, one line of text, and no cause that could say more. */
final class Failures {
    private Failures() {}

    static AbstractStringAssert<?> assertInvalidValue(ThrowingCallable call) {
        return assertRefused("22023", call);
    }

    static AbstractStringAssert<?> assertUnusableUrl(ThrowingCallable call) {
        return assertRefused("08001", call);
    }

    private static AbstractStringAssert<?> assertRefused(String sqlState, ThrowingCallable call) {
        Throwable thrown = catchThrowable(call);
        assertThat(thrown).isInstanceOf(SQLException.class).hasNoCause();
        assertThat(((SQLException) thrown).getSQLState()).isEqualTo(sqlState);
        String message = String.valueOf(thrown.getMessage());
        assertThat(message).doesNotContain("\n", "\r", "null");
        return assertThat(message);
    }
}
