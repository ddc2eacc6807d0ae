package io.github.pgbaton.internal.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.cert.CertificateException;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which failures to open a session are waited out. */
class WaitingHelpsTest {
    @Test
    void noRoomIsWaitedOutRightAfterAnElectionAndNotLater() {
        SQLException full = new SQLException("sorry, too many clients already", "53300");
        assertThat(WaitingHelps.against(full, true)).isTrue();
        assertThat(WaitingHelps.against(full, false)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"08001", "08006", "57P01", "57P03"})
    void memberThatIsDownOrStartingIsWaitedFor(String state) {
        assertThat(WaitingHelps.against(new SQLException("down", state), false)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"08004", "28P01", "28000", "3D000", "42501"})
    void whatWouldBeRefusedAgainIsToldAtOnceAlsoAfterAnElection(String state) {
        assertThat(WaitingHelps.against(new SQLException("refused", state), true))
                .isFalse();
    }

    @Test
    void failureWithoutAStateIsToldAtOnce() {
        assertThat(WaitingHelps.against(new SQLException("what"), true)).isFalse();
    }

    @Test
    void certificateThatIsNotAcceptedIsToldAtOnce() {
        SQLException unknown = new SQLException(
                "handshake failed", "08006", new RuntimeException(new CertificateException("unknown")));
        assertThat(WaitingHelps.against(unknown, true)).isFalse();
        SQLException otherName =
                new SQLException("The hostname 127.0.0.1 could not be verified by PgjdbcHostnameVerifier.", "08006");
        assertThat(WaitingHelps.against(otherName, true)).isFalse();
    }
}
