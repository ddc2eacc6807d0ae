package io.github.pgbaton.etcd;

import io.github.pgbaton.config.BatonConfig;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where a cluster's keys are and how to get at them: validated, immutable, and never printed with its password.
 *
 * @param endpoints http or https, with host and port
 * @param scope Patroni's
 * @param prefix of all keys, with a slash at both ends
 * @param user null without authentication
 * @param password null without authentication
 * @param caFile null for the JVM's authorities
 * @param certFile null without a client certificate
 * @param keyFile null without a client certificate
 */
record EtcdSettings(
        List<URI> endpoints,
        String scope,
        String prefix,
        @Nullable String user,
        @Nullable String password,
        @Nullable Path caFile,
        @Nullable Path certFile,
        @Nullable Path keyFile) {

    private static final int DEFAULT_PORT = 2379;

    /**
     * @return the settings, empty where the configuration names no etcd
     * @throws IllegalArgumentException naming the property, the value and what is accepted
     */
    static Optional<EtcdSettings> from(BatonConfig config) {
        if (config.etcd().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(of(
                config.etcd(),
                config.scope(),
                config.namespace(),
                config.etcdUser(),
                config.etcdPassword(),
                config.etcdCaFile(),
                config.etcdCertFile(),
                config.etcdKeyFile()));
    }

    static EtcdSettings of(
            List<URI> etcd,
            @Nullable String scope,
            String namespace,
            @Nullable String user,
            @Nullable String password,
            @Nullable Path caFile,
            @Nullable Path certFile,
            @Nullable Path keyFile) {
        List<URI> endpoints =
                etcd.stream().map(EtcdSettings::endpoint).distinct().collect(Collectors.toList());
        if (scope == null || scope.isBlank() || hasControl(scope)) {
            throw bad("scope", scope, "the name of the Patroni cluster, required with etcd");
        }
        if (hasControl(namespace)) {
            throw bad("namespace", "?", "Patroni's namespace, for example /service");
        }
        if ((user == null) != (password == null)) {
            throw bad(
                    user == null ? "etcdUser" : "etcdPassword",
                    null,
                    "etcdUser and etcdPassword together, or neither of them");
        }
        if (user != null && password != null && (user.isEmpty() || password.isEmpty())) {
            throw bad(user.isEmpty() ? "etcdUser" : "etcdPassword", "", "a value that is not empty");
        }
        boolean tls = endpoints.stream().anyMatch(e -> "https".equals(e.getScheme()));
        file("etcdCaFile", caFile, tls);
        file("etcdCertFile", certFile, tls);
        file("etcdKeyFile", keyFile, tls);
        if ((certFile == null) != (keyFile == null)) {
            throw bad(
                    certFile == null ? "etcdCertFile" : "etcdKeyFile",
                    null,
                    "etcdCertFile and etcdKeyFile together, or neither of them");
        }
        // Patroni joins them the same way and squeezes repeated slashes.
        String prefix = ("/" + namespace + "/" + scope + "/").replaceAll("/+", "/");
        EtcdSettings settings = new EtcdSettings(endpoints, scope, prefix, user, password, caFile, certFile, keyFile);
        if (tls) {
            TlsContext.verify(settings);
        }
        return settings;
    }

    private static URI endpoint(URI given) {
        String scheme = given.getScheme() == null ? "" : given.getScheme().toLowerCase(Locale.ROOT);
        String accepted = "http://host:port or https://host:port, comma-separated, without user, path or query";
        if (given.getRawUserInfo() != null) {
            throw bad("etcd", scheme + "://...@" + given.getHost(), accepted); // the user part may be a password
        }
        String path = given.getRawPath();
        if (!(scheme.equals("http") || scheme.equals("https"))
                || given.getHost() == null
                || given.getPort() > 65535
                || given.getPort() == 0
                || !(path == null || path.isEmpty() || path.equals("/"))
                || given.getRawQuery() != null
                || given.getRawFragment() != null) {
            throw bad("etcd", given.getRawAuthority() == null ? given.toString() : withoutUser(given), accepted);
        }
        int port = given.getPort() < 0 ? DEFAULT_PORT : given.getPort();
        return URI.create(scheme + "://" + given.getHost() + ":" + port);
    }

    private static String withoutUser(URI uri) {
        return uri.toString().replaceAll("//[^/]*@", "//...@");
    }

    private static void file(String property, @Nullable Path file, boolean tls) {
        if (file == null) {
            return;
        }
        if (!tls) {
            throw bad(property, file.toString(), "a file only where an etcd endpoint is https://");
        }
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            throw bad(property, file.toString(), "a readable PEM file");
        }
    }

    static IllegalArgumentException bad(String property, @Nullable String value, String accepted) {
        return new IllegalArgumentException(property + (value == null ? " is missing" : "=\"" + value + "\" is refused")
                + "; accepted: " + accepted);
    }

    private static boolean hasControl(String text) {
        return text.chars().anyMatch(Character::isISOControl);
    }

    /** Endpoints and prefix, for log lines. */
    String description() {
        return "etcd "
                + endpoints.stream().map(URI::toString).collect(Collectors.joining(","))
                + " "
                + prefix.substring(0, prefix.length() - 1);
    }

    /** Without credentials. */
    @Override
    public String toString() {
        return description();
    }
}
