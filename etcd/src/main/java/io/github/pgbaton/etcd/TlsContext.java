package io.github.pgbaton.etcd;

import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.nio.file.Path;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Builds the TLS side of a connection from PEM files, anew each time, so that renewed certificates are picked up. */
final class TlsContext {
    private TlsContext() {}

    /**
     * @param settings with at least one https endpoint
     * @return a context for one client
     * @throws SSLException where the files do not make one
     */
    static SslContext build(EtcdSettings settings) throws SSLException {
        return build(settings.caFile(), settings.certFile(), settings.keyFile());
    }

    /** Fails early, naming the property, where a file is not what it should be. */
    static void verify(EtcdSettings settings) {
        Path ca = settings.caFile();
        if (ca != null) {
            try {
                build(ca, null, null);
            } catch (SSLException | IllegalArgumentException e) {
                throw refused("etcdCaFile", ca, "a PEM file with X.509 certificates", e);
            }
        }
        Path cert = settings.certFile();
        Path key = settings.keyFile();
        if (cert != null && key != null) {
            try {
                build(cert, null, null); // a certificate file that reads as one: then the key is what is wrong below
            } catch (SSLException | IllegalArgumentException e) {
                throw refused("etcdCertFile", cert, "a PEM file with X.509 certificates", e);
            }
            try {
                build(null, cert, key);
            } catch (SSLException | IllegalArgumentException e) {
                throw refused("etcdKeyFile", key, "a PEM file with the certificate's PKCS#8 key, not encrypted", e);
            }
        }
    }

    private static SslContext build(@Nullable Path ca, @Nullable Path cert, @Nullable Path key) throws SSLException {
        SslContextBuilder builder = GrpcSslContexts.forClient();
        if (ca != null) {
            builder.trustManager(ca.toFile());
        }
        if (cert != null && key != null) {
            builder.keyManager(cert.toFile(), key.toFile());
        }
        return builder.build();
    }

    private static IllegalArgumentException refused(String property, Path file, String accepted, Exception cause) {
        // Without a cause: what the PEM parsers throw may quote what they were given.
        return EtcdSettings.bad(
                property, file.toString(), accepted + " (" + cause.getClass().getSimpleName() + ")");
    }
}
