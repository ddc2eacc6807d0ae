package io.github.pgbaton.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.config.ConnectionSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The URL in docker-compose.yml leads to what that file publishes, and to the cluster that its Patroni is configured for. */
class ComposeFileTest {
    private static final Path FILE = Path.of("docker-compose.yml");

    private static Set<String> all(String text, String pattern) {
        Set<String> found = new TreeSet<>();
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }

    @Test
    void itsUrlNamesThePortsThatItPublishes() throws Exception {
        String file = Files.readString(FILE);
        String url = all(file, "(jdbc:pgbaton:\\S+)").iterator().next();
        assertThat(ConnectionSpec.parse(url, null).database()).isEqualTo("app");

        Set<String> published = all(file, "\"127\\.0\\.0\\.1:(\\d+):(?:5432|2379)\"");
        assertThat(published).hasSize(4);
        assertThat(all(url, "127\\.0\\.0\\.1:(\\d+)")).isEqualTo(published);
        assertThat(all(url, "(node\\d)=")).isEqualTo(all(file, "PATRONI_NAME: (\\S+)"));
        for (String member : all(url, "(node\\d)=")) {
            String port =
                    all(url, member + "=127\\.0\\.0\\.1:(\\d+)").iterator().next();
            assertThat(file.substring(file.indexOf("\n  " + member + ":")))
                    .containsPattern("^\\s*" + member + ":(?s:(?!\\n\\n).)*127\\.0\\.0\\.1:" + port + ":5432");
        }
    }

    @Test
    void itsUrlNamesThePatronisCluster() throws Exception {
        String url =
                all(Files.readString(FILE), "(jdbc:pgbaton:\\S+)").iterator().next();
        String patroni = Files.readString(Path.of("patroni.yml"));
        assertThat(all(patroni, "(?m)^scope: (\\S+)")).isEqualTo(all(url, "scope=([^&]+)"));
        assertThat(all(patroni, "(?m)^namespace: (\\S+?)/?$")).isEqualTo(all(url, "namespace=([^&]+)"));
    }
}
