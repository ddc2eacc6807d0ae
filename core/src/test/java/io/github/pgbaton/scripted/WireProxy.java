package io.github.pgbaton.scripted;

import io.github.pgbaton.topology.HostPort;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A proxy in front of a real PostgreSQL that knows the protocol's messages: it counts them, and cuts a session at one
 * exact message; what is not cut passes unchanged and in order.
 */
public final class WireProxy implements AutoCloseable {
    private static final int SSL_REQUEST = 80877103;
    private static final int GSS_REQUEST = 80877104;
    private static final int CANCEL_REQUEST = 80877102;

    /** What becomes of a client's message. */
    public enum Action {
        FORWARD,
        /** It and all after it are lost; both sides are closed. */
        LOSE,
        /** Half of it arrives, then both sides are closed. */
        HALVE,
        /** It and all after it arrive; the answers are lost, and the client is closed when the server is done. */
        LOSE_ANSWER,
        /**
         * It and all after it are kept back until {@link #release}, though the client may be gone by then. So it comes late,
         * and behind whatever the client has sent on other sessions meanwhile.
         */
        HOLD,
        /** It arrives, the client is closed, and the server hears nothing of that until {@link #release}: a partition. */
        STRAND
    }

    /**
     * One message of a client.
     *
     * @param type as the protocol calls it: Q, P, B, D, E, S ...
     * @param sql the statement that it is about, empty where it is about none
     */
    public record Sent(char type, String sql) {}

    private record Heard(Link link, Sent sent) {}

    private final InetSocketAddress target;
    private final ServerSocket listener;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final List<Heard> heard = new CopyOnWriteArrayList<>();
    private final CountDownLatch release = new CountDownLatch(1);
    private final AtomicInteger opening = new AtomicInteger();
    private final AtomicInteger mostOpening = new AtomicInteger();
    private volatile Function<Sent, Action> script = message -> Action.FORWARD;
    private volatile boolean closed;

    public WireProxy(InetSocketAddress target) throws IOException {
        this.target = target;
        this.listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        start("wire-proxy", () -> {
            while (true) {
                Socket client = listener.accept();
                keep(client);
                start("wire-proxy-session", () -> new Link(client).serve());
            }
        });
    }

    public HostPort address() {
        return new HostPort("127.0.0.1", listener.getLocalPort());
    }

    /** Decides about each message behind the startup. */
    public void script(Function<Sent, Action> decision) {
        script = decision;
    }

    /** All messages behind the startup, of all sessions, in the order of their arrival. */
    public List<Sent> sent() {
        return heard.stream().map(Heard::sent).toList();
    }

    /** Those to this backend. */
    public List<Sent> sent(int backend) {
        return to(backend).map(Heard::sent).toList();
    }

    /** The types of these messages in one word. */
    public String types() {
        return typesOf(heard.stream());
    }

    /** The types of the messages to this backend, where other sessions may be opened beside it at any moment. */
    public String types(int backend) {
        return typesOf(to(backend));
    }

    private Stream<Heard> to(int backend) {
        return heard.stream().filter(message -> message.link().backend == backend);
    }

    private static String typesOf(Stream<Heard> messages) {
        return messages.map(message -> String.valueOf(message.sent().type())).collect(Collectors.joining());
    }

    public void forget() {
        heard.clear();
    }

    /** How many sessions were at most between their connect and their first statement. */
    public int mostOpening() {
        return mostOpening.get();
    }

    /** Lets go what is held. */
    public void release() {
        release.countDown();
    }

    /** An accept that was on its way while the proxy was closed brings a socket that close() has not seen. */
    private void keep(Socket socket) {
        sockets.add(socket);
        if (closed) {
            close(socket);
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        listener.close();
        release();
        sockets.forEach(WireProxy::close);
    }

    private interface Body {
        void run() throws IOException, InterruptedException;
    }

    private static void start(String name, Body body) {
        Thread thread = new Thread(
                () -> {
                    try {
                        body.run();
                    } catch (IOException e) {
                        // One side is closed, and then the other one is.
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }

    static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // Closed all the same.
        }
    }

    private final class Link {
        private final Socket client;
        private final Socket server = new Socket();
        private final Map<String, String> prepared = new HashMap<>();
        private String bound = "";
        private volatile boolean mute;
        private volatile boolean stranded;
        private volatile int backend;
        private boolean open;

        Link(Socket client) {
            this.client = client;
        }

        void serve() throws IOException, InterruptedException {
            mostOpening.accumulateAndGet(opening.incrementAndGet(), Math::max);
            try {
                pass();
            } finally {
                opened();
            }
        }

        private void opened() {
            if (!open) {
                open = true;
                opening.decrementAndGet();
            }
        }

        private void pass() throws IOException, InterruptedException {
            keep(server);
            try (client;
                    server) {
                client.setTcpNoDelay(true);
                server.connect(target, 5000);
                server.setTcpNoDelay(true);
                DataInputStream in = new DataInputStream(new BufferedInputStream(client.getInputStream()));
                OutputStream out = server.getOutputStream();
                if (!startup(in, out)) {
                    return;
                }
                start("wire-proxy-answers", this::answers);
                List<byte[]> held = new ArrayList<>();
                boolean holding = false;
                while (true) {
                    byte[] message;
                    try {
                        message = next(in);
                    } catch (IOException e) {
                        if (holding) {
                            release.await();
                            for (byte[] one : held) {
                                out.write(one);
                            }
                            out.flush();
                            // The server gets it all before it hears that the client is gone.
                            server.shutdownOutput();
                            while (!server.isClosed()) {
                                Thread.sleep(10);
                            }
                        }
                        throw e;
                    }
                    Sent about = read(message);
                    heard.add(new Heard(this, about));
                    if (about.type() == 'Q' || about.type() == 'P') {
                        opened();
                    }
                    if (!holding && !mute) {
                        switch (script.apply(about)) {
                            case FORWARD -> {}
                            case LOSE -> {
                                return;
                            }
                            case HALVE -> {
                                out.write(message, 0, message.length / 2);
                                out.flush();
                                return;
                            }
                            case LOSE_ANSWER -> mute = true;
                            case HOLD -> holding = true;
                            case STRAND -> {
                                stranded = true;
                                client.close();
                                out.write(message);
                                out.flush();
                                release.await();
                                return;
                            }
                        }
                    }
                    if (holding) {
                        held.add(message);
                    } else {
                        out.write(message);
                        out.flush();
                    }
                }
            }
        }

        private boolean startup(DataInputStream in, OutputStream out) throws IOException {
            while (true) {
                int length = in.readInt();
                int code = in.readInt();
                byte[] rest = new byte[length - 8];
                in.readFully(rest);
                if (code == SSL_REQUEST || code == GSS_REQUEST) {
                    client.getOutputStream().write('N');
                    continue;
                }
                out.write(ByteBuffer.allocate(length)
                        .putInt(length)
                        .putInt(code)
                        .put(rest)
                        .array());
                out.flush();
                return code != CANCEL_REQUEST;
            }
        }

        private void answers() throws IOException {
            try (client;
                    server) {
                DataInputStream in = new DataInputStream(new BufferedInputStream(server.getInputStream()));
                OutputStream out = client.getOutputStream();
                while (true) {
                    byte[] message = next(in);
                    if (message[0] == 'K') {
                        backend = ByteBuffer.wrap(message).getInt(5);
                    }
                    if (mute && message[0] == 'Z') {
                        return;
                    }
                    if (!mute && !stranded && !client.isClosed()) {
                        out.write(message);
                        if (in.available() == 0) {
                            out.flush();
                        }
                    }
                }
            }
        }

        private byte[] next(DataInputStream in) throws IOException {
            byte type = in.readByte();
            int length = in.readInt();
            byte[] message = new byte[1 + length];
            ByteBuffer.wrap(message).put(type).putInt(length);
            in.readFully(message, 5, length - 4);
            return message;
        }

        private Sent read(byte[] message) {
            Strings strings = new Strings(message);
            switch (message[0]) {
                case 'Q' -> {
                    return new Sent('Q', strings.next());
                }
                case 'P' -> {
                    String name = strings.next();
                    String sql = strings.next();
                    prepared.put(name, sql);
                    return new Sent('P', sql);
                }
                case 'B' -> {
                    strings.next();
                    bound = prepared.getOrDefault(strings.next(), "");
                    return new Sent('B', bound);
                }
                case 'D', 'E' -> {
                    return new Sent((char) message[0], bound);
                }
                default -> {
                    return new Sent((char) message[0], "");
                }
            }
        }
    }

    private static final class Strings {
        private final byte[] message;
        private int at = 5;

        Strings(byte[] message) {
            this.message = message;
        }

        String next() {
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            while (message[at] != 0) {
                text.write(message[at++]);
            }
            at++;
            return text.toString(StandardCharsets.UTF_8);
        }
    }
}
