package io.github.pgbaton.internal.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Holds the SQL of the document and of the command together; {@code -Dpgbaton.docs.update=true} rewrites the former. */
class LedgerDocTest {
    private static final String BEGIN = "<!-- ledger:begin, printed by ./run ledger create --print -->\n";
    private static final String END = "<!-- ledger:end -->";

    @Test
    void theSqlOfTheDocumentIsWhatTheCommandRuns() throws IOException {
        Path file = document();
        String written = Files.readString(file);
        assertThat(written).contains(BEGIN, END);
        String filled = written.substring(0, written.indexOf(BEGIN) + BEGIN.length()) + "```sql\n"
                + LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of()) + "```\n"
                + written.substring(written.indexOf(END));
        if (Boolean.getBoolean("pgbaton.docs.update")) {
            Files.writeString(file, filled);
            return;
        }
        assertThat(written)
                .as("mvn -pl core -am test -Dpgbaton.docs.update=true")
                .isEqualTo(filled);
    }

    @Test
    void rolesAreQuoted() {
        assertThat(LedgerSql.create(LedgerSql.DEFAULT_RETENTION, List.of("app", "a\"; DROP TABLE x; --")))
                .contains("TO \"app\", \"a\"\"; DROP TABLE x; --\";");
    }

    @Test
    void aRetentionThatIsTooShortIsRefused() {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> LedgerSql.create(Duration.ofMinutes(9), List.of()))
                .withMessageContaining("accepted: 10 minutes to 365 days");
    }

    @Test
    void theCommentTellsLayoutAndRetention() {
        assertThat(LedgerSql.layout("pgbaton ledger 1, retention 7200 s"))
                .isEqualTo(new LedgerSql.Layout(1, Duration.ofHours(2)));
        assertThat(LedgerSql.layout("pgbaton ledger 1")).isNull();
        assertThat(LedgerSql.layout(null)).isNull();
    }

    private static Path document() {
        Path directory = Path.of("").toAbsolutePath();
        while (directory != null && !Files.isDirectory(directory.resolve(".mvn"))) {
            directory = directory.getParent();
        }
        return Objects.requireNonNull(directory, "not below a checkout").resolve("docs/transaction-replay.md");
    }
}
