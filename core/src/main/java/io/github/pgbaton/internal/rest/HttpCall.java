package io.github.pgbaton.internal.rest;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * One GET over a connection of its own, which {@link #abort} ends at any moment from any thread; redirects, proxies,
 * cookies and retries do not exist here.
 *
 * <p>Why not java.net.http.HttpClient: in Java 17 it has no close(), and its selector thread lives on until a garbage
 * collection finds the client unreachable, so a closed source would leave a thread behind for minutes. Nor is there
 * anything to gain: Patroni answers in HTTP/1.0 and closes the connection after each answer. HttpURLConnection has no
 * deadline for a whole answer and takes its cookies, proxies and authenticators from the application around it.
 */
final class HttpCall {
    private final URI base;
    private final String path;
    private final SSLSocketFactory tlsSockets;
    private final Object lock = new Object();
    private @Nullable Socket socket;
    private boolean aborted;

    HttpCall(URI base, String path) {
        this(base, path, (SSLSocketFactory) SSLSocketFactory.getDefault());
    }

    /** With others whom to trust than the JVM's own. */
    HttpCall(URI base, String path, SSLSocketFactory tlsSockets) {
        this.base = base;
        this.path = path;
        this.tlsSockets = tlsSockets;
    }

    /** Blocks for as long as the peer likes: the caller has somebody abort it. */
    HttpReply run(Duration patience) throws IOException {
        Socket raw = connect(patience);
        try (raw) {
            raw.setTcpNoDelay(true);
            Socket talk = "https".equals(base.getScheme()) ? encrypted(raw) : raw;
            talk.getOutputStream().write(request());
            talk.getOutputStream().flush();
            return ResponseReader.read(talk.getInputStream(), raw.getInetAddress());
        }
    }

    /** Breaks whatever goes on; the raw socket, because closing a TLS socket waits for its peer. */
    void abort() {
        synchronized (lock) {
            aborted = true;
            closeQuietly(socket);
        }
    }

    private Socket connect(Duration patience) throws IOException {
        InetAddress[] addresses = InetAddress.getAllByName(host());
        IOException failure = null;
        for (InetAddress address : addresses) {
            Socket attempt = new Socket();
            register(attempt);
            try {
                // A share for each address: one that swallows packets must not eat the time of the others.
                long share = Math.max(1, patience.toMillis() / addresses.length);
                attempt.connect(new InetSocketAddress(address, base.getPort()), (int) share);
                return attempt;
            } catch (IOException e) {
                closeQuietly(attempt);
                failure = e;
            }
        }
        throw failure == null ? new IOException("no address") : failure;
    }

    private void register(Socket attempt) throws IOException {
        synchronized (lock) {
            if (aborted) {
                throw new IOException("aborted");
            }
            socket = attempt;
        }
    }

    private SSLSocket encrypted(Socket raw) throws IOException {
        SSLSocket tls = (SSLSocket) tlsSockets.createSocket(raw, host(), base.getPort(), false);
        SSLParameters parameters = tls.getSSLParameters();
        // Without it any certificate that the JVM trusts would do, whoever it was made for.
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        tls.setSSLParameters(parameters);
        tls.startHandshake();
        return tls;
    }

    private String host() {
        String host = base.getHost();
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    /** HTTP/1.1 because some proxies refuse 1.0 outright; the answer may be either. */
    private byte[] request() {
        String text = "GET " + path + " HTTP/1.1\r\nHost: " + base.getRawAuthority()
                + "\r\nAccept: application/json\r\nAccept-Encoding: identity\r\nUser-Agent: pgbaton"
                + "\r\nConnection: close\r\n\r\n";
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static void closeQuietly(@Nullable Socket socket) {
        if (socket != null) {
            try {
                socket.close();
            } catch (IOException e) {
                // It is of no use any more either way.
            }
        }
    }
}
