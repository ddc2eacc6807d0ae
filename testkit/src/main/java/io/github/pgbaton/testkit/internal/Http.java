package io.github.pgbaton.testkit.internal;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * The least HTTP that Patroni and etcd need; every exchange ends with its deadline.
 *
 * <p>Not the JDK's client because that cannot choose its source address on Java 17, and the testkit talks from one of
 * its own, which no cut touches. Requests are HTTP/1.0, so an answer simply ends with the connection.
 */
final class Http {
    private final InetAddress from;

    Http(InetAddress from) {
        this.from = from;
    }

    /** What came back. */
    record Response(int status, String body) {}

    /** A response whose body is still coming. */
    record Stream(Socket socket, InputStream body) {}

    Response get(URI uri, Duration deadline) throws IOException {
        return exchange("GET", uri, "", deadline);
    }

    Response post(URI uri, String json, Duration deadline) throws IOException {
        return exchange("POST", uri, json, deadline);
    }

    Response exchange(String method, URI uri, String json, Duration deadline) throws IOException {
        long end = System.nanoTime() + deadline.toNanos();
        try (Socket socket = send(method, uri, json, deadline)) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            InputStream in = socket.getInputStream();
            byte[] buffer = new byte[8192];
            while (true) {
                long left = (end - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    throw new SocketTimeoutException(method + " " + uri + ": no answer within " + deadline);
                }
                socket.setSoTimeout((int) left);
                int count = in.read(buffer);
                if (count < 0) {
                    return parse(all.toString(StandardCharsets.UTF_8));
                }
                all.write(buffer, 0, count);
            }
        }
    }

    /** Sends a request and returns when the head of the answer has arrived; closing the socket ends it. */
    Stream stream(URI uri, String json, Duration readTimeout) throws IOException {
        Socket socket = send("POST", uri, json, readTimeout);
        try {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            String status = line(in);
            if (!status.contains(" 200")) {
                throw new IOException(uri + ": " + status);
            }
            while (!line(in).isEmpty()) {
                // The headers say nothing that matters.
            }
            return new Stream(socket, in);
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** Reads up to the next line feed, which is not part of the result. */
    static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new EOFException("closed by the server");
            }
            line.write(b);
        }
        return line.toString(StandardCharsets.UTF_8).stripTrailing();
    }

    private Socket send(String method, URI uri, String json, Duration timeout) throws IOException {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        String head = method + " " + uri.getRawPath() + " HTTP/1.0\r\nHost: " + uri.getAuthority()
                + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length + "\r\n\r\n";
        Socket socket = new Socket();
        try {
            int millis = Math.toIntExact(timeout.toMillis());
            socket.bind(new InetSocketAddress(from, 0));
            socket.setSoTimeout(millis);
            socket.connect(new InetSocketAddress(uri.getHost(), uri.getPort()), millis);
            socket.getOutputStream().write((head + json).getBytes(StandardCharsets.UTF_8));
            return socket;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private static Response parse(String answer) throws IOException {
        int end = answer.indexOf("\r\n\r\n");
        String[] status = answer.split(" ", 3);
        if (end < 0 || status.length < 3) {
            throw new IOException("not an HTTP answer: " + answer);
        }
        return new Response(Integer.parseInt(status[1]), answer.substring(end + 4));
    }
}
