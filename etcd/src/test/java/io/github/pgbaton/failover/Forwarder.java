package io.github.pgbaton.failover;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/** Another address of a server, as NAT and published container ports are: every connection to it ends at the server itself. */
final class Forwarder implements AutoCloseable {
    /** Is shown the bytes that one client sends, in order. */
    interface Tap {
        void sent(byte[] bytes, int length);
    }

    private final ServerSocket listener;
    private final InetSocketAddress target;
    private final Supplier<Tap> taps;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final List<Tap> clients = new CopyOnWriteArrayList<>();

    private Forwarder(InetAddress local, InetSocketAddress target, Supplier<Tap> taps) throws IOException {
        this.listener = new ServerSocket(0, 50, local);
        this.target = target;
        this.taps = taps;
        daemon(this::accept, "forwarder-" + listener.getLocalPort());
    }

    static Forwarder to(InetSocketAddress target, String local) throws IOException {
        return new Forwarder(InetAddress.getByName(local), target, () -> (bytes, length) -> {});
    }

    static Forwarder tapped(InetSocketAddress target, Supplier<Tap> taps) throws IOException {
        return new Forwarder(InetAddress.getByName("127.0.0.1"), target, taps);
    }

    int port() {
        return listener.getLocalPort();
    }

    /** How many connections were ever taken. */
    int accepted() {
        return clients.size();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Tap tap = taps.get();
                clients.add(tap);
                open.add(client);
                Socket server = new Socket();
                open.add(server);
                if (listener.isClosed()) {
                    // It was taken while close() went on, which may not have seen it.
                    end(client, server);
                    return;
                }
                try {
                    server.connect(target, 5000);
                } catch (IOException e) {
                    end(client, server);
                    continue;
                }
                daemon(() -> pump(client, server, tap), "forwarder-out");
                daemon(() -> pump(server, client, (bytes, length) -> {}), "forwarder-in");
            } catch (IOException e) {
                return;
            }
        }
    }

    private void pump(Socket from, Socket to, Tap tap) {
        byte[] buffer = new byte[16384];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                tap.sent(buffer, n);
                out.write(buffer, 0, n);
            }
        } catch (IOException e) {
            // One side has hung up: the other one shall see it.
        }
        end(from, to);
    }

    private void end(Socket... sockets) {
        for (Socket socket : sockets) {
            open.remove(socket);
            try {
                socket.close();
            } catch (IOException e) {
                // Closed all the same.
            }
        }
    }

    private static void daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        end(open.toArray(Socket[]::new));
    }
}
