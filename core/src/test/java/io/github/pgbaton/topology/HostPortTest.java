package io.github.pgbaton.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostPortTest {
    @ParameterizedTest
    @CsvSource({
        "pg1, pg1, 5432",
        "pg1:6000, pg1, 6000",
        "' pg1:6000 ', pg1, 6000",
        "PG1.Example.COM, pg1.example.com, 5432",
        "my_host-1:1, my_host-1, 1",
        "10.0.0.1:65535, 10.0.0.1, 65535",
        "[::1], ::1, 5432",
        "[2001:DB8::2]:6000, 2001:db8::2, 6000",
        "[::ffff:10.0.0.1]:6000, ::ffff:10.0.0.1, 6000",
        "[fe80::1%eth0]:6000, fe80::1%eth0, 6000"
    })
    void readsWhatAMultiHostUrlHolds(String text, String host, int port) {
        assertThat(HostPort.parse(text, 5432)).isEqualTo(new HostPort(host, port));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                ":",
                ":5432",
                "pg1:",
                "pg1:x",
                "pg1:0",
                "pg1:65536",
                "pg1:-1",
                "pg1:+1",
                "pg1:99999999999",
                "pg1:5432:1",
                "::1",
                "[::1",
                "[]",
                "[]:1",
                "[::1]5432",
                "[::1]:",
                "[pg1]:1",
                "a b",
                "a/b",
                "u@h",
                "a,b"
            })
    void refusesWhatIsNoAddress(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> HostPort.parse(text, 5432));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pg1?socketFactory=x",
                "pg1&ssl=false",
                "pg1#x",
                "pg1\\x",
                "pg1%2f",
                "p\u0130",
                "pg1\u0000",
                "[::1]"
            })
    void hostThatWouldChangeTheMeaningOfAUrlIsRefused(String host) {
        assertThatIllegalArgumentException().isThrownBy(() -> new HostPort(host, 5432));
    }

    @Test
    void portWithArabicDigitsIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> HostPort.parse("pg1:\u0665\u0664", 5432));
    }

    @Test
    void messageStaysOnOneLine() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HostPort.parse("a\r\nb", 5432))
                .withMessageNotContainingAny("\r", "\n")
                .withMessageContaining("a??b");
    }

    @Test
    void addressWithoutBracketsAsksForThem() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HostPort.parse("::1", 5432))
                .withMessageContaining("brackets");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whateverIsReadIsWrittenSoThatItReadsBack(long seed) {
        Random random = new Random(seed);
        String alphabet = "ab1:[].%-_@/ ";
        for (int i = 0; i < 20_000; i++) {
            StringBuilder text = new StringBuilder();
            for (int length = random.nextInt(12); length > 0; length--) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            try {
                HostPort read = HostPort.parse(text.toString(), 5432);
                assertThat(HostPort.parse(read.toString(), 1)).isEqualTo(read);
            } catch (IllegalArgumentException expected) {
                assertThat(expected).hasMessageStartingWith("not a");
            }
        }
    }
}
