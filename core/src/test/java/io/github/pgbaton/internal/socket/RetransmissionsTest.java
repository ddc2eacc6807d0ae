package io.github.pgbaton.internal.socket;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is read out of Linux's table of connections. */
class RetransmissionsTest {
    private static final String HEAD =
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

    private static Retransmissions of(String line) {
        return Retransmissions.parse(List.of(HEAD, line), ByteOrder.LITTLE_ENDIAN);
    }

    private static InetAddress ip(String text) throws Exception {
        return InetAddress.getByName(text);
    }

    @Test
    void countIsThatOfTheConnection() throws Exception {
        Retransmissions table = of(
                "   5: 0100007F:A0F6 0B00007F:1538 01 00000036:00000000 01:00000147 00000005     0        0 5201 2 0 1");
        assertThat(table.of(0xA0F6, ip("127.0.0.11"), 5432)).isEqualTo(5);
        assertThat(table.of(0xA0F7, ip("127.0.0.11"), 5432)).isZero();
        assertThat(table.of(0xA0F6, ip("127.0.0.12"), 5432)).isZero();
        assertThat(table.of(0xA0F6, ip("127.0.0.11"), 5433)).isZero();
    }

    @Test
    void socketOfIpv6ToAnAddressOfIpv4IsFoundByTheLatter() throws Exception {
        Retransmissions table = of(
                "   1: 0000000000000000FFFF00000100007F:A0F6 0000000000000000FFFF00000B00007F:1538 01 00000036:00000000"
                        + " 01:00000147 0000000A     0        0 5201 2 0 1");
        assertThat(table.of(0xA0F6, ip("127.0.0.11"), 5432)).isEqualTo(10);
    }

    @Test
    void addressOfIpv6IsReadWordByWord() throws Exception {
        Retransmissions table = of(
                "   1: B80D0120000000000000000001000000:A0F6 B80D0120000000000000000002000000:1538 01 00000036:00000000"
                        + " 01:00000147 00000003     0        0 5201 2 0 1");
        assertThat(table.of(0xA0F6, ip("2001:db8::2"), 5432)).isEqualTo(3);
    }

    @Test
    void nothingIsCountedOfWhatIsProbedOrIsNotConnected() throws Exception {
        String probing =
                "   5: 0100007F:A0F6 0B00007F:1538 01 00000036:00000000 04:00000147 00000005     0        0 5201 2 0 1";
        String connecting =
                "   5: 0100007F:A0F6 0B00007F:1538 02 00000036:00000000 01:00000147 00000005     0        0 5201 2 0 1";
        assertThat(of(probing).of(0xA0F6, ip("127.0.0.11"), 5432)).isZero();
        assertThat(of(connecting).of(0xA0F6, ip("127.0.0.11"), 5432)).isZero();
    }

    @Test
    void linesThatMeanNothingAreLeftOut() throws Exception {
        Retransmissions table = Retransmissions.parse(
                List.of("", "x", "1: z:z z:z 01 0:0 01:0 z 0 0", "1: 0:1 0102 01 0:0 01:0 1 0 0"),
                ByteOrder.LITTLE_ENDIAN);
        assertThat(table.of(1, ip("127.0.0.11"), 5432)).isZero();
    }
}
