package io.github.pgbaton.config;

import static io.github.pgbaton.config.Failures.assertInvalidValue;
import static io.github.pgbaton.config.Failures.assertUnusableUrl;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.pgbaton.topology.HostPort;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BatonConfigTest {
    private static final String ETCD = "/db?scope=pgcluster&etcd=";

    private static BatonConfig from(String rest, String... info) throws SQLException {
        Properties properties = new Properties();
        for (int i = 0; i < info.length; i += 2) {
            properties.setProperty(info[i], info[i + 1]);
        }
        return BatonConfig.from(JdbcUrl.parse("jdbc:pgbaton:postgresql://" + rest), properties);
    }

    @Test
    void seedsAloneMakeAConfigurationWithAllDefaults() throws Exception {
        BatonConfig config = from("pg1,pg2/db");

        assertThat(config.seeds()).containsExactly(new HostPort("pg1", 5432), new HostPort("pg2", 5432));
        assertThat(config.etcd()).isEmpty();
        assertThat(config.patroni()).isEmpty();
        assertThat(config.scope()).isNull();
        assertThat(config.namespace()).isEqualTo("/service");
        assertThat(config.etcdUser()).isNull();
        assertThat(config.etcdPassword()).isNull();
        assertThat(config.etcdCaFile()).isNull();
        assertThat(config.etcdCertFile()).isNull();
        assertThat(config.etcdKeyFile()).isNull();
        assertThat(config.failoverTimeout()).isEqualTo(Duration.ofSeconds(60));
        assertThat(config.probeInterval()).isEqualTo(Duration.ofMillis(25));
        assertThat(config.handshakeTimeout()).isEqualTo(Duration.ofSeconds(5));
    }

    @Test
    void everyTargetHasItsWordInTheUrl() throws Exception {
        assertThat(from("pg1/db").target()).isEqualTo(Target.PRIMARY);
        assertThat(from("pg1/db").maxReplicaLag()).isEqualTo(16L << 20);
        assertThat(from("pg1/db?target=replica&maxReplicaLag=64KiB").maxReplicaLag())
                .isEqualTo(64L << 10);
        assertThat(from("pg1/db?target=preferReplica").target()).isEqualTo(Target.PREFER_REPLICA);
        assertThat(from("pg1/db?target=any").target()).isEqualTo(Target.ANY);
        assertThat(from("/db?patroni=http://p1&replicaChoice=preferSync").replicaChoice())
                .isEqualTo(ReplicaChoice.PREFER_SYNC);
        assertInvalidValue(() -> from("pg1/db?target=secondary"))
                .contains("target", "secondary", "primary, replica, preferReplica, any");
        assertInvalidValue(() -> from("pg1/db?maxReplicaLag=10s")).contains("maxReplicaLag", "KiB");
    }

    @ParameterizedTest
    @ValueSource(strings = {"sync", "preferSync"})
    void choiceOfSynchronousStandbysNeedsSomebodyWhoTellsWhichTheyAre(String choice) throws Exception {
        String chosen = "replicaChoice=" + choice;
        assertInvalidValue(() -> from("pg1,pg2/db?target=replica&" + chosen))
                .startsWith(chosen + " ")
                .contains("accepted: sync or preferSync with etcd or patroni, or balanced");
        assertInvalidValue(() -> from("pg1/db", "replicaChoice", choice)).startsWith(chosen + " ");
        assertThat(from("/db?patroni=http://p1&" + chosen).replicaChoice())
                .isEqualTo(from("pg1" + ETCD + "http://e1&" + chosen).replicaChoice())
                .isNotEqualTo(ReplicaChoice.BALANCED);
        assertThat(from("pg1/db?target=replica&replicaChoice=balanced").replicaChoice())
                .isEqualTo(ReplicaChoice.BALANCED);
    }

    @Test
    void autocommitReplayIsOffUnlessAskedForAndNeedsWhatItIsMadeOf() throws Exception {
        assertThat(from("pg1/db").autocommitReplay()).isFalse();
        assertThat(from("pg1/db?autocommitReplay=on").autocommitReplay()).isTrue();
        assertInvalidValue(() -> from("pg1/db?autocommitReplay=true")).contains("autocommitReplay", "true", "off, on");
        assertInvalidValue(() -> from("pg1/db?autocommitReplay=on&replay=off"))
                .contains("autocommitReplay=on", "replay=off");
        assertInvalidValue(() -> from("pg1/db?autocommitReplay=on&commitOutcome=none"))
                .contains("autocommitReplay=on", "commitOutcome=none");
    }

    @Test
    void targetsOfOneClusterShareItsTracker() throws Exception {
        assertThat(from("pg1/db?target=replica").clusterId())
                .isEqualTo(from("pg1/db").clusterId());
    }

    @Test
    void everythingGivenComesBackTyped(@TempDir Path directory) throws Exception {
        Path file = Files.createFile(directory.resolve("x.pem"));
        BatonConfig config = from(
                ETCD + "http://E1,https://[::1]:99/&patroni=https://p1&namespace=/db&etcdUser=root&etcdPassword=p%20w"
                        + "&failoverTimeout=2m&probeInterval=5ms&handshakeTimeout=1s",
                "etcdCaFile",
                file.toString(),
                "etcdCertFile",
                file.toString(),
                "etcdKeyFile",
                file.toString());

        assertThat(config.etcd()).containsExactly(URI.create("http://e1:2379"), URI.create("https://[::1]:99"));
        assertThat(config.patroni()).containsExactly(URI.create("https://p1:8008"));
        assertThat(config.scope()).isEqualTo("pgcluster");
        assertThat(config.namespace()).isEqualTo("/db");
        assertThat(config.etcdUser()).isEqualTo("root");
        assertThat(config.etcdPassword()).isEqualTo("p w");
        assertThat(config.etcdCaFile()).isEqualTo(file);
        assertThat(config.etcdCertFile()).isEqualTo(file);
        assertThat(config.etcdKeyFile()).isEqualTo(file);
        assertThat(config.failoverTimeout()).isEqualTo(Duration.ofMinutes(2));
        assertThat(config.probeInterval()).isEqualTo(Duration.ofMillis(5));
        assertThat(config.handshakeTimeout()).isEqualTo(Duration.ofSeconds(1));
        assertThat(config.toString()).contains("pgcluster", "https://p1:8008").doesNotContain("p w");
    }

    @Test
    void urlWinsOverProperties() throws Exception {
        assertThat(from("pg1/db?failoverTimeout=1s", "failoverTimeout", "not even valid")
                        .failoverTimeout())
                .isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void defaultsOfPropertiesCount() throws Exception {
        Properties defaults = new Properties();
        defaults.setProperty("failoverTimeout", "1s");
        assertThat(BatonConfig.from(JdbcUrl.parse("jdbc:pgbaton:postgresql://pg1/"), new Properties(defaults))
                        .failoverTimeout())
                .isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void valueThatIsNoStringIsRefusedInsteadOfIgnored() throws Exception {
        JdbcUrl url = JdbcUrl.parse("jdbc:pgbaton:postgresql://pg1/");
        Properties info = new Properties();
        info.put("failoverTimeout", Duration.ofSeconds(1));
        assertInvalidValue(() -> BatonConfig.from(url, info)).contains("failoverTimeout", "java.time.Duration");
    }

    @Test
    void nothingToConnectToIsRefused() {
        assertUnusableUrl(() -> from("/db")).contains("etcd", "patroni");
        assertUnusableUrl(() -> from("/db?scope=x"));
    }

    @Test
    void etcdOrPatroniSufficesWhereverItIsGiven() throws Exception {
        assertThat(from("/db?patroni=http://p1").seeds()).isEmpty();
        assertThat(from("/db", "etcd", "http://e1", "scope", "x").seeds()).isEmpty();
    }

    @Test
    void etcdNeedsScope() {
        assertInvalidValue(() -> from("pg1/db?etcd=http://e1")).contains("etcd needs scope");
    }

    @Test
    void poolersThatMembersAnnounceNeedEtcd() throws Exception {
        assertInvalidValue(() -> from("/db?patroni=http://p1&memberMap=*={proxy}"))
                .contains("{proxy}", "with etcd");
        assertThat(from("/db?patroni=http://p1&etcd=http://e1&scope=x&memberMap=*={proxy}")
                        .memberMap()
                        .isEmpty())
                .isFalse();
        assertThat(from("/db?patroni=http://p1&memberMap=*={host}:6432").patroni())
                .hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"/db, /db", "db, /db", "/db/, /db", "db//, /db", "//a//b/, /a/b", "/, ''", "//, ''"})
    void namespaceIsJoinedAsPatroniJoinsIt(String given, String namespace) throws Exception {
        assertThat(from("pg1/?namespace=" + given).namespace()).isEqualTo(namespace);
    }

    @ParameterizedTest
    @CsvSource({
        "e1:2379, http:// or https://",
        "ftp://e1, http:// or https://",
        "HTTP://e1, http:// or https://",
        "http:e1, http:// or https://",
        "http://, no valid host",
        "http:///, no valid host",
        "http://e1:0, port",
        "http://e1:x, port",
        "http://::1, [ipv6]:port",
        "http://e_1, no valid host",
        "http://e1/v3, path",
        "http://e1//, path",
        "http://e1?token=hunter2, path",
        "http://e1%23hunter2, path",
        "'http://e1,', http:// or https://",
        "'http://e1,,http://e2', http:// or https://"
    })
    void endpointThatIsMoreOrLessThanHostAndPortIsRefused(String endpoints, String why) {
        assertInvalidValue(() -> from(ETCD + endpoints))
                .startsWith("etcd")
                .contains(why, "port 2379")
                .doesNotContain("hunter2");
        assertInvalidValue(() -> from("/db?patroni=" + endpoints))
                .startsWith("patroni")
                .contains(why, "port 8008");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://root:hunter2@e1",
                "http://e1,root:hunter2@e2",
                "http://root:hunter2%2540e1",
                "http://root:hunter2,x@e1",
                "http://root:hunter2/@e1",
                "hunter2@"
            })
    void userAndPasswordInAnEndpointAreRefusedWithoutShowingThem(String endpoints) {
        assertInvalidValue(() -> from(ETCD + endpoints)).contains("etcdUser").doesNotContain("hunter2");
        assertInvalidValue(() -> from("/?patroni=" + endpoints))
                .contains("patroni")
                .doesNotContain("hunter2");
    }

    @Test
    void refusedEndpointIsShownUnlessItMayHoldAPassword() {
        assertInvalidValue(() -> from(ETCD + "http://e1,http://e_2:2379")).startsWith("etcd=\"http://e_2:2379\"");
        assertInvalidValue(() -> from(ETCD + "http://e1/v3?x=hunter2")).startsWith("etcd=\"http://e1/v3?...\"");
        assertInvalidValue(() -> from(ETCD + "http://root:hunter2")).doesNotContain("hunter2");
        assertInvalidValue(() -> from(ETCD + "http://root:a,hunter2")).doesNotContain("hunter2");
        assertInvalidValue(() -> from(ETCD + "root:hunter2")).doesNotContain("hunter2");
    }

    @Test
    void endpointsMayHaveBlanksAroundThemAndCountOnce() throws Exception {
        assertThat(from(ETCD + "http://e1, http://e2 ,http://E1:2379/").etcd())
                .containsExactly(URI.create("http://e1:2379"), URI.create("http://e2:2379"));
    }

    @ParameterizedTest
    @CsvSource({
        "failoverTimeout, 60, unit",
        "failoverTimeout, 25h, 100ms to 24h",
        "failoverTimeout, -1s, 100ms to 24h",
        "probeInterval, 4ms, 5ms to 1s",
        "probeInterval, 2s, 5ms to 1s",
        "probeInterval, 0, 5ms to 1s",
        "handshakeTimeout, 99ms, 100ms to 5m",
        "handshakeTimeout, 6m, 100ms to 5m"
    })
    void durationWithoutUnitOrOutOfRangeIsRefusedWithWhatIsAccepted(String name, String value, String accepted) {
        assertInvalidValue(() -> from("pg1/?" + name + "=" + value))
                .startsWith(name + "=\"" + value + "\"")
                .contains(accepted.equals("unit") ? "ms, s, m or h" : accepted);
    }

    @Test
    void zeroNeedsNoUnit() throws Exception {
        assertThat(from("pg1/?switchoverHold=0").switchoverHold()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"etcd", "patroni", "scope", "namespace", "etcdUser", "etcdPassword", "failoverTimeout"})
    void emptyValueIsRefused(String name) {
        assertInvalidValue(() -> from("pg1/?" + name + "=")).startsWith(name + ": is empty");
        assertInvalidValue(() -> from("pg1/", name, "  ")).startsWith(name + ": is empty");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a/b", "a b", "a\tb", "a\nb"})
    void scopeIsOneSegmentOfAPath(String scope) {
        assertInvalidValue(() -> from("pg1/", "scope", scope)).startsWith("scope=");
    }

    @Test
    void whiteSpaceInTheNamespaceIsRefused() {
        assertInvalidValue(() -> from("pg1/", "namespace", "/a b")).startsWith("namespace=");
    }

    @Test
    void passwordOfEtcdNeedsAUserAndIsNeverShown() {
        assertInvalidValue(() -> from("pg1/?etcdPassword=hunter2"))
                .contains("etcdUser and etcdPassword go together")
                .doesNotContain("hunter2");
        assertInvalidValue(() -> from("pg1/", "etcdUser", "u", "etcdPassword", "hunter2\n"))
                .contains("control character")
                .doesNotContain("hunter2");
    }

    @Test
    void certificateAndKeyGoTogether(@TempDir Path directory) throws Exception {
        String file = Files.createFile(directory.resolve("x.pem")).toString();
        assertInvalidValue(() -> from("pg1/", "etcdCertFile", file)).contains("only etcdCertFile is given");
        assertInvalidValue(() -> from("pg1/", "etcdKeyFile", file)).contains("only etcdKeyFile is given");
    }

    @ParameterizedTest
    @ValueSource(strings = {"etcdCaFile", "etcdCertFile", "etcdKeyFile"})
    void fileMustExistAndBeAFile(String name, @TempDir Path directory) {
        assertInvalidValue(() -> from("pg1/", name, directory.resolve("gone").toString()))
                .startsWith(name)
                .contains("gone", "does not exist");
        assertInvalidValue(() -> from("pg1/", name, directory.toString())).contains("is no file");
        assertInvalidValue(() -> from("pg1/", name, "a\u0000b")).startsWith(name);
    }

    @Test
    void keyPastedInPlaceOfItsFileIsNotShown() {
        assertInvalidValue(() -> from("pg1/", "etcdKeyFile", "-----BEGIN PRIVATE KEY-----\nhunter2"))
                .startsWith("etcdKeyFile:")
                .doesNotContain("hunter2");
    }

    @Test
    void builderRefusesWithTheSameTextAsTheUrl() {
        assertInvalidValue(() -> from("pg1/?probeInterval=2s"))
                .satisfies(message -> assertThatIllegalArgumentException()
                        .isThrownBy(() -> BatonConfig.builder()
                                .seeds(List.of(new HostPort("pg1", 5432)))
                                .set(BatonProperty.PROBE_INTERVAL, Duration.ofSeconds(2))
                                .build())
                        .withMessage(message)
                        .withNoCause());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BatonConfig.builder().build())
                .withMessageContaining("no member is named");
    }

    @Test
    void builtConfigurationDoesNotChangeWithItsBuilder() {
        BatonConfig.Builder builder = BatonConfig.builder().seeds(List.of(new HostPort("pg1", 5432)));
        BatonConfig first = builder.build();
        builder.seeds(List.of(new HostPort("pg2", 5432))).set(BatonProperty.SCOPE, "x");

        assertThat(first.seeds()).hasSize(1);
        assertThat(first.scope()).isNull();
        assertThat(builder.build().seeds()).hasSize(2);
    }

    @Test
    void sameClusterHasTheSameIdentityInWhateverOrder() throws Exception {
        assertThat(from("pg2,pg1/a").clusterId())
                .isEqualTo(from("pg1:5432,PG2/b?failoverTimeout=1s").clusterId());
        assertThat(from("pg1" + ETCD + "http://e2,http://e1&etcdUser=u&etcdPassword=a")
                        .clusterId())
                .isEqualTo(from(ETCD + "http://e1/,http://E2:2379&etcdUser=u&etcdPassword=b")
                        .clusterId())
                .hasSameHashCodeAs(from(ETCD + "http://e1,http://e2&etcdUser=u&etcdPassword=c")
                        .clusterId());
        assertThat(from("/?patroni=http://p1,http://p2").clusterId())
                .isEqualTo(from("pg1/?patroni=http://p2,http://p1").clusterId());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pg1/",
                "/?etcd=http://e1&scope=a",
                "/?etcd=http://e1&scope=b&namespace=/x",
                "/?etcd=http://e1&scope=b&etcdUser=v&etcdPassword=a",
                "/?etcd=http://e2&scope=b",
                "/?etcd=https://e1&scope=b",
                "/?etcd=http://e1&scope=b&patroni=http://p1"
            })
    void differentClusterHasADifferentIdentity(String other) throws Exception {
        assertThat(from("/?etcd=http://e1&scope=b").clusterId())
                .isNotEqualTo(from(other).clusterId());
    }

    @Test
    void identityShowsNoSecret() throws Exception {
        assertThat(from(ETCD + "http://e1&etcdUser=u&etcdPassword=hunter2")
                        .clusterId()
                        .toString())
                .contains("pgcluster", "e1")
                .doesNotContain("hunter2");
    }
}
