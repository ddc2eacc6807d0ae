package io.github.pgbaton.internal.rest;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** One member's REST port that answers as its script says, in HTTP/1.0 without a length unless the script differs. */
final class ScriptedPatroni implements AutoCloseable {
    /** Writes what it likes; returning closes the connection. */
    interface Script {
        void answer(String path, OutputStream out) throws IOException, InterruptedException;
    }

    final List<String> requests = new CopyOnWriteArrayList<>();
    final AtomicInteger inFlight = new AtomicInteger();
    final AtomicInteger mostInFlight = new AtomicInteger();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final ServerSocket server;
    private volatile Script script = (path, out) -> {};

    ScriptedPatroni() {
        try {
            server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        thread(this::accept);
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.getLocalPort());
    }

    ScriptedPatroni plays(Script now) {
        script = now;
        return this;
    }

    long asked(String path) {
        return requests.stream().filter(path::equals).count();
    }

    static void write(OutputStream out, int status, String body) throws IOException {
        out.write(("HTTP/1.0 " + status
                        + " X\r\nServer: BaseHTTP/0.6 Python/3.11\r\nContent-Type: application/json\r\n\r\n" + body)
                .getBytes(StandardCharsets.UTF_8));
    }

    /** Keeps the connection and says nothing. */
    static void hang() throws InterruptedException {
        new java.util.concurrent.CountDownLatch(1).await();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                open.add(socket);
                if (server.isClosed()) {
                    // It was taken while close() went on, which may not have seen it.
                    socket.close();
                    return;
                }
                thread(() -> serve(socket));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            String line = in.readLine();
            if (line == null) {
                return;
            }
            while (!String.valueOf(in.readLine()).isEmpty()) {}
            mostInFlight.accumulateAndGet(inFlight.incrementAndGet(), Math::max);
            String path = line.split(" ")[1];
            requests.add(path);
            Thread answering = Thread.currentThread();
            Script now = script;
            thread(() -> watch(in, answering));
            try {
                now.answer(path, socket.getOutputStream());
            } finally {
                // Before the socket is closed, which is what tells the client that it may ask again.
                inFlight.decrementAndGet();
            }
        } catch (IOException | InterruptedException e) {
            // The client gave up, which some scripts make it do.
        } finally {
            open.remove(socket);
        }
    }

    /** Ends a hanging script once the client is gone. */
    private static void watch(BufferedReader in, Thread answering) {
        try {
            while (in.read() >= 0) {}
        } catch (IOException e) {
            // gone
        }
        answering.interrupt();
    }

    private static void thread(Runnable task) {
        Thread thread = new Thread(task, "scripted-patroni");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        try {
            server.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
