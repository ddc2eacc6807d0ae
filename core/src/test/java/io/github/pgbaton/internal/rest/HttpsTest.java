package io.github.pgbaton.internal.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Patroni's REST interface over TLS: whose certificate is good for it, and whose is not. */
@Timeout(60)
class HttpsTest {
    private static final String PASSWORD = "changeit";
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String BODY = "{\"members\": []}";

    @TempDir
    Path directory;

    @Test
    void memberIsAskedOverTls() throws Exception {
        try (Member member = new Member("ip:127.0.0.1")) {
            HttpReply reply = new HttpCall(member.uri(), "/cluster", member.trusted()).run(PATIENCE);
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.body()).isEqualTo(BODY);
        }
    }

    @Test
    void certificateForAnotherNameIsNotBelieved() throws Exception {
        try (Member member = new Member("dns:elsewhere.example")) {
            assertThatThrownBy(() -> new HttpCall(member.uri(), "/cluster", member.trusted()).run(PATIENCE))
                    .isInstanceOf(SSLException.class)
                    .hasMessageContaining("127.0.0.1");
        }
    }

    @Test
    void certificateOfAnUnknownAuthorityIsNotBelieved() throws Exception {
        try (Member member = new Member("ip:127.0.0.1")) {
            assertThatThrownBy(() -> new HttpCall(member.uri(), "/cluster").run(PATIENCE))
                    .isInstanceOf(SSLException.class);
        }
    }

    @Test
    void memberThatWantsAClientCertificateGetsTheOneOfTheJvmsKeyStore() throws Exception {
        try (Member member = new Member("ip:127.0.0.1")) {
            member.listener.setNeedClientAuth(true);
            String[] trust = stores("trustStore");
            assertThat(askOnce(member, trust)).isNotEqualTo(BODY).contains("SSL");

            String[] both =
                    Stream.of(trust, stores("keyStore")).flatMap(Stream::of).toArray(String[]::new);
            assertThat(askOnce(member, both)).isEqualTo(BODY);
        }
    }

    private String[] stores(String which) {
        String property = "-Djavax.net.ssl." + which;
        return new String[] {
            property + "=" + directory.resolve("member.p12"),
            property + "Password=" + PASSWORD,
            property + "Type=PKCS12"
        };
    }

    /** The JVM reads its stores once: another one has others. */
    private String askOnce(Member member, String... options) throws Exception {
        String classPath = Stream.of(HttpCall.class, AskOnce.class)
                .map(type ->
                        type.getProtectionDomain().getCodeSource().getLocation().getPath())
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.addAll(
                List.of("-cp", classPath, AskOnce.class.getName(), member.uri().toString()));
        Path said = directory.resolve("said");
        Process jvm = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        try {
            assertThat(jvm.waitFor(40, TimeUnit.SECONDS)).isTrue();
        } finally {
            jvm.destroyForcibly();
        }
        return Files.readString(said);
    }

    /** Says the same to everybody, with a certificate that is its own authority. */
    private final class Member implements AutoCloseable {
        private final SSLContext context;
        private final SSLServerSocket listener;

        Member(String name) throws Exception {
            context = context(name);
            listener = (SSLServerSocket)
                    context.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
            Thread thread = new Thread(this::serve, "https-member");
            thread.setDaemon(true);
            thread.start();
        }

        URI uri() {
            return URI.create("https://127.0.0.1:" + listener.getLocalPort());
        }

        SSLSocketFactory trusted() {
            return context.getSocketFactory();
        }

        private void serve() {
            while (!listener.isClosed()) {
                try (Socket client = listener.accept()) {
                    client.getInputStream().read();
                    client.getOutputStream()
                            .write(("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + BODY)
                                    .getBytes(StandardCharsets.UTF_8));
                } catch (IOException e) {
                    // The client did not believe it, or the test is over.
                }
            }
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }

        private SSLContext context(String name) throws Exception {
            Path store = directory.resolve("member.p12");
            Process keytool = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "keytool")
                                    .toString(),
                            "-genkeypair",
                            "-alias",
                            "member",
                            "-keyalg",
                            "EC",
                            "-dname",
                            "CN=member",
                            "-ext",
                            "san=" + name,
                            "-storetype",
                            "PKCS12",
                            "-keystore",
                            store.toString(),
                            "-storepass",
                            PASSWORD)
                    .redirectErrorStream(true)
                    .start();
            assertThat(keytool.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(keytool.exitValue())
                    .as(() -> {
                        try {
                            return new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                        } catch (IOException e) {
                            return e.toString();
                        }
                    })
                    .isZero();
            KeyStore keys = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(store)) {
                keys.load(in, PASSWORD.toCharArray());
            }
            KeyStore authorities = KeyStore.getInstance("PKCS12");
            authorities.load(null, null);
            authorities.setCertificateEntry("member", keys.getCertificate("member"));
            KeyManagerFactory keyManagers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keyManagers.init(keys, PASSWORD.toCharArray());
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(authorities);
            SSLContext made = SSLContext.getInstance("TLS");
            made.init(keyManagers.getKeyManagers(), trust.getTrustManagers(), null);
            return made;
        }
    }
}
