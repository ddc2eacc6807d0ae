package io.github.pgbaton.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.dcs.LeaderSourceProvider;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EtcdSettingsTest {
    @TempDir
    Path directory;

    private static EtcdSettings of(String endpoint, String scope, String namespace) {
        return EtcdSettings.of(List.of(URI.create(endpoint)), scope, namespace, null, null, null, null, null);
    }

    private static EtcdSettings user(@Nullable String user, @Nullable String password) {
        return EtcdSettings.of(List.of(URI.create("http://e1")), "s", "/db", user, password, null, null, null);
    }

    @Test
    void theServiceLoaderFindsTheProvider() {
        assertThat(ServiceLoader.load(LeaderSourceProvider.class))
                .hasAtLeastOneElementOfType(EtcdLeaderSourceProvider.class);
    }

    @ParameterizedTest
    @CsvSource({
        "/service, demo, /service/demo/",
        "db, demo, /db/demo/",
        "/db/, demo, /db/demo/",
        "/, demo, /demo/",
        "//a//b/, demo, /a/b/demo/",
        "/service, citus/0, /service/citus/0/"
    })
    void thePrefixIsPatronis(String namespace, String scope, String prefix) {
        assertThat(of("http://e1:2379", scope, namespace).prefix()).isEqualTo(prefix);
    }

    @Test
    void endpointsGetEtcdsPort() {
        assertThat(of("HTTP://e1", "s", "/db").endpoints()).containsExactly(URI.create("http://e1:2379"));
        assertThat(of("http://[::1]/", "s", "/db").endpoints()).containsExactly(URI.create("http://[::1]:2379"));
        assertThat(of("http://e1", "s", "/db").description()).isEqualTo("etcd http://e1:2379 /db/s");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "e1:2379",
                "ftp://e1:2379",
                "http:///x",
                "http://e1:2379/path",
                "http://e1?x=1",
                "http://e1:0",
                "http://e1:70000",
                "http://root:secret@e1:2379",
                "grpc://root:secret@e1:2379/x"
            })
    void badEndpointsAreRefusedByName(String endpoint) {
        assertThatThrownBy(() -> of(endpoint, "s", "/db"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("etcd=")
                .hasMessageContaining("accepted: http://host:port")
                .message()
                .doesNotContain("secret");
    }

    @Test
    void aScopeIsRequired() {
        assertThatThrownBy(() -> of("http://e1", " ", "/db"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("scope=");
        assertThatThrownBy(() ->
                        EtcdSettings.of(List.of(URI.create("http://e1")), null, "/db", null, null, null, null, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("scope is missing");
    }

    @Test
    void userAndPasswordGoTogetherAndAreNeverPrinted() {
        assertThat(user("u5er", "s3cret").toString()).doesNotContain("s3cret", "u5er");
        assertThatThrownBy(() -> user(null, "s3cret"))
                .hasMessageStartingWith("etcdUser is missing")
                .message()
                .doesNotContain("s3cret");
        assertThatThrownBy(() -> user("u", null)).hasMessageStartingWith("etcdPassword is missing");
        assertThatThrownBy(() -> user("u", "")).hasMessageStartingWith("etcdPassword=\"\"");
    }

    private EtcdSettings tls(@Nullable Path ca, @Nullable Path cert, @Nullable Path key, String scheme) {
        return EtcdSettings.of(List.of(URI.create(scheme + "://e1")), "s", "/db", null, null, ca, cert, key);
    }

    @Test
    void badFilesAreRefusedByName() throws Exception {
        Path rubbish = Files.writeString(directory.resolve("rubbish.pem"), "not PEM");
        Path missing = directory.resolve("missing.pem");
        assertThatThrownBy(() -> tls(missing, null, null, "https"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("etcdCaFile=", "missing.pem", "a readable PEM file");
        assertThatThrownBy(() -> tls(rubbish, null, null, "https"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("etcdCaFile=", "rubbish.pem", "X.509");
        assertThatThrownBy(() -> tls(null, rubbish, rubbish, "https")).hasMessageContaining("etcdCertFile=");
        assertThatThrownBy(() -> tls(null, rubbish, null, "https")).hasMessageStartingWith("etcdKeyFile is missing");
        assertThatThrownBy(() -> tls(rubbish, null, null, "http")).hasMessageContaining("only where");
        assertThat(tls(null, null, null, "https").caFile()).isNull();
    }
}
