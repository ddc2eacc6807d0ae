package io.github.pgbaton.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * A TLS server in this JVM that completes every handshake and then neither reads nor writes: whoever reads from it waits,
 * and whoever writes to it waits as soon as the small buffers in between are full.
 */
public final class SilentTlsPeer implements AutoCloseable {
    private static final int BUFFER = 16 * 1024;
    private static final int HANDSHAKES = 4;
    private static final String PASSWORD = "changeit";

    private final SSLContext context;
    private final SSLServerSocket listener;
    private final List<Socket> clients = new CopyOnWriteArrayList<>();
    private final ExecutorService handshakes =
            Executors.newFixedThreadPool(HANDSHAKES, task -> daemon(task, "handshake"));

    private SilentTlsPeer(SSLContext context, SSLServerSocket listener) {
        this.context = context;
        this.listener = listener;
    }

    /**
     * Listens on a port of the loopback interface, with a certificate made by the JDK's keytool.
     *
     * @param backlog how many clients may knock at the same time
     */
    public static SilentTlsPeer start(int backlog) throws IOException, GeneralSecurityException, InterruptedException {
        SSLContext context = context();
        SSLServerSocket listener =
                (SSLServerSocket) context.getServerSocketFactory().createServerSocket();
        // Before bind, or the window is agreed on without it; unbounded, the kernel would swallow megabytes per client.
        listener.setReceiveBufferSize(BUFFER);
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), backlog);
        SilentTlsPeer peer = new SilentTlsPeer(context, listener);
        daemon(peer::accept, "accept").start();
        return peer;
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    /**
     * Layers TLS over a connected socket, as a client does.
     *
     * @param connected to {@link #address}
     * @return after the handshake
     */
    public SSLSocket handshake(Socket connected) throws IOException {
        SSLSocket tls = (SSLSocket) context.getSocketFactory()
                .createSocket(connected, address().getHostString(), address().getPort(), true);
        tls.startHandshake();
        return tls;
    }

    private void accept() {
        try {
            while (true) {
                SSLSocket client = (SSLSocket) listener.accept();
                clients.add(client);
                if (listener.isClosed()) {
                    // It was taken while close() went on, which may not have seen it.
                    client.close();
                    return;
                }
                handshakes.execute(() -> {
                    try {
                        client.startHandshake();
                    } catch (IOException e) {
                        // The client sees it too.
                    }
                });
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private static Thread daemon(Runnable task, String what) {
        Thread thread = new Thread(task, "testkit-silent-tls-" + what);
        thread.setDaemon(true);
        return thread;
    }

    private static SSLContext context() throws IOException, GeneralSecurityException, InterruptedException {
        Path directory = Files.createTempDirectory("silent-tls");
        Path file = directory.resolve("keys.p12");
        try {
            Process keytool = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "keytool")
                                    .toString(),
                            "-genkeypair",
                            "-keyalg",
                            "EC",
                            "-alias",
                            "peer",
                            "-dname",
                            "CN=localhost",
                            "-storetype",
                            "PKCS12",
                            "-storepass",
                            PASSWORD,
                            "-keystore",
                            file.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!keytool.waitFor(30, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
                keytool.destroyForcibly();
                throw new IOException("keytool made no certificate");
            }
            KeyStore keys = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(file)) {
                keys.load(in, PASSWORD.toCharArray());
            }
            KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            own.init(keys, PASSWORD.toCharArray());
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            trusted.setCertificateEntry("peer", keys.getCertificate("peer"));
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(directory);
        }
    }

    /** Hangs up on everybody. */
    @Override
    public void close() throws IOException {
        listener.close();
        handshakes.shutdownNow();
        for (Socket client : clients) {
            client.close();
        }
    }
}
