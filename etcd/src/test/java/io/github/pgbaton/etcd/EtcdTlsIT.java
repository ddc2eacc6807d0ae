package io.github.pgbaton.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import io.etcd.jetcd.Client;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An etcd behind TLS that asks for a client certificate: it is checked against its name, and nothing goes in clear. */
class EtcdTlsIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    static Path directory;

    private List<EtcdProcess> members = List.of();
    private @Nullable EtcdLeaderSource source;
    private final Recorder recorder = new Recorder();

    @BeforeEach
    void up() throws Exception {
        if (!Files.exists(file("ca.pem"))) {
            ca("ca");
            ca("other");
            signed("server", "subjectAltName=IP:127.0.0.1");
            signed("elsewhere", "subjectAltName=DNS:elsewhere.example");
            signed("client", "extendedKeyUsage=clientAuth");
        }
    }

    private void etcd(String certificate) {
        members = EtcdProcess.cluster(
                1,
                directory.resolve(certificate),
                "--cert-file",
                file(certificate + ".pem").toString(),
                "--key-file",
                file(certificate + ".key").toString(),
                "--client-cert-auth",
                "--trusted-ca-file",
                file("ca.pem").toString());
        members.forEach(EtcdProcess::start);
        members.forEach(EtcdProcess::awaitHealthy);
    }

    @AfterEach
    void down() {
        if (source != null) {
            source.close();
        }
        members.forEach(EtcdProcess::kill);
    }

    private static Path file(String name) {
        return directory.resolve(name);
    }

    private static void openssl(String... args) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(args)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(file("openssl.log").toFile()))
                .start();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }

    private static void ca(String name) throws Exception {
        openssl(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=" + name,
                "-keyout",
                name + ".key",
                "-out",
                name + ".pem");
    }

    private static void signed(String name, String extension) throws Exception {
        Files.writeString(file(name + ".ext"), extension + "\n");
        openssl(
                "openssl",
                "req",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-subj",
                "/CN=" + name,
                "-keyout",
                name + ".key",
                "-out",
                name + ".csr");
        openssl(
                "openssl",
                "x509",
                "-req",
                "-days",
                "2",
                "-in",
                name + ".csr",
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
                "-extfile",
                name + ".ext",
                "-out",
                name + ".pem");
        Files.createDirectories(file(name));
    }

    private void start(URI uri, String ca, boolean clientCertificate) {
        source = EtcdLeaderSource.overJetcd(EtcdSettings.of(
                List.of(uri),
                "pgcluster",
                "/db",
                null,
                null,
                file(ca + ".pem"),
                clientCertificate ? file("client.pem") : null,
                clientCertificate ? file("client.key") : null));
        source.start(recorder);
    }

    @Test
    void followsOverMutualTls() throws Exception {
        etcd("server");
        try (Keys keys = new Keys(Client.builder()
                .endpoints(members.get(0).uri())
                .sslContext(b -> b.trustManager(file("ca.pem").toFile())
                        .keyManager(
                                file("client.pem").toFile(), file("client.key").toFile()))
                .build())) {
            keys.cluster();
            start(members.get(0).uri(), "ca", true);
            recorder.awaitLeader("node1", SOON);
            keys.put("leader", "node2");
            recorder.awaitLeader("node2", SOON);
        }
        assertThat(recorder.degraded).isEmpty();
    }

    @Test
    void refusesAnUnknownAuthority() {
        etcd("server");
        start(members.get(0).uri(), "other", true);
        recorder.awaitDegraded(1, SOON);
        assertThat(recorder.degraded.get(0)).contains("unable to find valid certification path");
        assertThat(recorder.published).isEmpty();
    }

    @Test
    void refusesACertificateForAnotherName() {
        etcd("elsewhere");
        start(members.get(0).uri(), "ca", true);
        recorder.awaitDegraded(1, SOON);
        assertThat(recorder.degraded.get(0)).contains("127.0.0.1");
        assertThat(recorder.published).isEmpty();
    }

    @Test
    void isRefusedWithoutClientCertificate() {
        etcd("server");
        start(members.get(0).uri(), "ca", false);
        recorder.awaitDegraded(1, SOON);
        assertThat(recorder.published).isEmpty();
    }
}
