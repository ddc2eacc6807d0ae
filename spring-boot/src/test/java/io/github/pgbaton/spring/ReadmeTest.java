package io.github.pgbaton.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.pgbaton.config.ConnectionSpec;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** What README.md says to write is what the applications of the tests have, and nothing else of pgbaton's. */
class ReadmeTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern URL = Pattern.compile("jdbc:pgbaton:postgresql:[^\\s`'\"]+");

    private static String readme() throws Exception {
        return Files.readString(ROOT.resolve("README.md"));
    }

    private static String section(String title) throws Exception {
        String from = readme().split("(?m)^### " + title + "$", 2)[1];
        return from.split("(?m)^##", 2)[0];
    }

    private static String block(String section, String language) {
        Matcher block = Pattern.compile("(?s)```" + language + "\n(.*?)```").matcher(section);
        assertThat(block.find()).isTrue();
        return block.group(1);
    }

    private static Element xml(String text) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)))
                .getDocumentElement();
    }

    private static List<Element> children(Element parent, String name) {
        List<Element> found = new ArrayList<>();
        NodeList all = parent.getChildNodes();
        for (int i = 0; i < all.getLength(); i++) {
            Node node = all.item(i);
            if (node instanceof Element element && element.getTagName().equals(name)) {
                found.add(element);
            }
        }
        return found;
    }

    private static String text(Element parent, String name) {
        List<Element> found = children(parent, name);
        return found.isEmpty() ? "" : found.get(0).getTextContent().strip();
    }

    /** Those of pgbaton's that the application itself is given, with their versions. */
    private static Set<String> ours(Element dependencies, String versionProperty) {
        Set<String> found = new TreeSet<>();
        for (Element dependency : children(dependencies, "dependency")) {
            if (text(dependency, "groupId").equals("io.github.pgbaton")
                    && !text(dependency, "scope").equals("test")) {
                found.add(text(dependency, "artifactId") + ":"
                        + text(dependency, "version").replace("${pgbaton.version}", versionProperty));
            }
        }
        return found;
    }

    private static String version() throws Exception {
        return text(
                children(xml(Files.readString(Path.of("pom.xml"))), "parent").get(0), "version");
    }

    @ParameterizedTest
    @ValueSource(strings = {"spring-boot/boot3", "spring-boot/boot4", "examples/spring-boot"})
    void freshApplicationHasExactlyTheDependenciesOfTheReadme(String application) throws Exception {
        Element pom = xml(Files.readString(ROOT.resolve(application).resolve("pom.xml")));
        String version = text(children(pom, "properties").get(0), "pgbaton.version");
        Set<String> documented =
                ours(xml("<all>" + block(section("Spring Boot"), "xml") + "</all>"), "not in the README");

        assertThat(documented).containsExactly("pgbaton-etcd:" + version(), "pgbaton-spring-boot-starter:" + version());
        assertThat(ours(children(pom, "dependencies").get(0), version)).isEqualTo(documented);
    }

    @Test
    void itsDataSourceHasExactlyTheSettingsOfTheReadme() throws Exception {
        Properties application = new Properties();
        try (var in = Files.newBufferedReader(
                ROOT.resolve("examples/spring-boot/src/main/resources/application.properties"))) {
            application.load(in);
        }
        Properties documented = new Properties();
        documented.load(new java.io.StringReader(block(section("Spring Boot"), "properties")));

        Set<String> set = new TreeSet<>(application.stringPropertyNames());
        set.removeIf(name -> !name.startsWith("spring.datasource."));
        assertThat(documented.stringPropertyNames()).containsExactlyInAnyOrderElementsOf(set);
    }

    @Test
    void poolHasTheDependencyOfTheReadme() throws Exception {
        assertThat(ours(xml("<all>" + block(section("HikariCP"), "xml") + "</all>"), "not in the README"))
                .containsExactly("pgbaton-hikari:" + version());
    }

    @Test
    void everyUrlOfTheReadmeIsAccepted() throws Exception {
        Matcher url = URL.matcher(readme());
        int found = 0;
        while (url.find()) {
            if (url.group().contains("//")) {
                assertThat(ConnectionSpec.parse(url.group(), null).config()).isNotNull();
                found++;
            }
        }
        assertThat(found).isGreaterThanOrEqualTo(2);
    }
}
