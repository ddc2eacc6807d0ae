package io.github.pgbaton.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.pgbaton.BatonDataSource;
import io.github.pgbaton.testkit.PatroniCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;

/** Members that announce IPv6, and members that this client reaches under another address, where TLS proves the name. */
@Timeout(240)
class MappedAddressesIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    @TempDir
    static Path directory;

    private static PatroniCluster cluster;

    private final List<Forwarder> forwarders = new ArrayList<>();

    @BeforeAll
    static void start() throws Exception {
        // The certificate knows one name, which is not among the addresses that the members announce.
        openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem");
        openssl("req -newkey rsa:2048 -nodes -subj /CN=member -keyout member.key -out member.csr");
        Files.writeString(directory.resolve("member.ext"), "subjectAltName=DNS:localhost\n");
        openssl("x509 -req -days 2 -in member.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile member.ext"
                + " -out member.pem");
        giveToPostgres(directory.resolve("member.key"));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        cluster = PatroniCluster.local()
                .ttl(Duration.ofSeconds(10))
                .loopWait(Duration.ofSeconds(1))
                .retryTimeout(Duration.ofSeconds(3))
                .ipv6(true)
                .postgresParameter("ssl", "on")
                .postgresParameter(
                        "ssl_cert_file", directory.resolve("member.pem").toString())
                .postgresParameter(
                        "ssl_key_file", directory.resolve("member.key").toString())
                .start();
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @BeforeEach
    void healthy() {
        cluster.restore(PATIENCE);
    }

    @AfterEach
    void closeForwarders() throws IOException {
        for (Forwarder forwarder : forwarders) {
            forwarder.close();
        }
    }

    @Test
    void certificateIsCheckedAgainstTheMappedNameOnEveryMember() throws Exception {
        String primary = cluster.awaitPrimary(PATIENCE);
        try (BatonDataSource source = source(memberMap(), verified());
                Connection connection = source.getConnection()) {
            assertThat(one(connection, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
                    .isEqualTo("t");
            String before = server(connection);

            cluster.kill(primary);

            connection.setAutoCommit(false);
            assertThat(server(connection)).isNotEqualTo(before);
            assertThat(one(connection, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
                    .isEqualTo("t");
            connection.rollback();
        }
    }

    @Test
    void memberIsRefusedAtOnceWhereItsCertificateDoesNotKnowTheAddressThatIsDialled() {
        cluster.awaitPrimary(PATIENCE);
        try (BatonDataSource source = source(verified())) {
            assertThatThrownBy(source::getConnection)
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("::1")
                    .hasMessageContaining("could not be verified by hostnameverifier");
        }
    }

    @Test
    void membersThatAnnounceIpv6AreFollowedThroughAKill() throws Exception {
        String primary = cluster.awaitPrimary(PATIENCE);
        try (BatonDataSource source = source();
                Connection connection = source.getConnection()) {
            assertThat(connection.unwrap(PGConnection.class).getParameterStatus("in_hot_standby"))
                    .isEqualTo("off");
            assertThat(connection.getMetaData().getURL())
                    .contains("//[::1]:" + cluster.postgres(primary).getPort() + "/");
            assertThat(server(connection)).isEqualTo(announced(primary));

            cluster.kill(primary);

            connection.setAutoCommit(false);
            String next = server(connection);
            assertThat(next).isNotEqualTo(announced(primary));
            assertThat(one(connection, "SELECT pg_is_in_recovery()")).isEqualTo("f");
            connection.rollback();
            assertThat(next).isEqualTo(announced(cluster.awaitPrimary(PATIENCE)));
        }
    }

    /** One forwarder for each member, at the name that the certificate knows. */
    private String memberMap() throws IOException {
        List<String> entries = new ArrayList<>();
        for (String member : cluster.members()) {
            Forwarder forwarder = Forwarder.to(cluster.postgres(member), "127.0.0.1");
            forwarders.add(forwarder);
            entries.add(member + "=localhost:" + forwarder.port());
        }
        return "memberMap=" + String.join(",", entries);
    }

    private static String verified() {
        return "sslmode=verify-full&sslrootcert=" + directory.resolve("ca.pem");
    }

    /** Without members in the URL: whatever is dialled comes from etcd. */
    private static BatonDataSource source(String... more) {
        BatonDataSource source =
                new BatonDataSource(Clusters.url(cluster, more).replace("//" + cluster.seeds() + "/", "///"));
        source.setUser(cluster.user());
        source.setPassword(cluster.password());
        return source;
    }

    private static String server(Connection connection) throws SQLException {
        return one(connection, "SELECT host(inet_server_addr()) || ' ' || inet_server_port()");
    }

    /** What a session to the address that this member announces says of its server. */
    private static String announced(String member) {
        return "::1 " + cluster.postgres(member).getPort();
    }

    private static String one(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    /** PostgreSQL takes a key only that belongs to its own user and that nobody else may read. */
    private static void giveToPostgres(Path key) throws IOException {
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        if (System.getProperty("user.name").equals("root")) {
            Files.setOwner(
                    key, key.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("postgres"));
        }
    }

    private static void openssl(String arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments.split(" ")));
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("openssl.log").toFile()))
                .start();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }
}
