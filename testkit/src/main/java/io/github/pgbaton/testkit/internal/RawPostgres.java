package io.github.pgbaton.testkit.internal;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A session that speaks PostgreSQL's protocol itself; a silent server costs it no more than its timeout.
 *
 * <p>Not a JDBC driver because a probe needs timeouts in milliseconds, its own source address and nothing between itself
 * and the server. It knows simple queries and trusted logins only. Not thread-safe, except that {@link #close} frees a
 * thread that waits.
 */
final class RawPostgres implements Closeable {
    private static final int PROTOCOL_3_0 = 196608;

    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;

    private RawPostgres(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        this.out = socket.getOutputStream();
    }

    /** Connects from this source address and logs in. */
    static RawPostgres connect(
            InetSocketAddress server, InetAddress from, String user, String database, Duration timeout)
            throws IOException {
        Socket socket = new Socket();
        try {
            socket.bind(new InetSocketAddress(from, 0));
            socket.setTcpNoDelay(true);
            int millis = Math.toIntExact(timeout.toMillis());
            socket.setSoTimeout(millis);
            socket.connect(server, millis);
            RawPostgres session = new RawPostgres(socket);
            session.startup(user, database);
            return session;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private void startup(String user, String database) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(ByteBuffer.allocate(4).putInt(PROTOCOL_3_0).array());
        for (String word : List.of("user", user, "database", database, "application_name", "pgbaton-testkit")) {
            body.writeBytes(word.getBytes(StandardCharsets.UTF_8));
            body.write(0);
        }
        body.write(0);
        send(new byte[0], body.toByteArray());
        readUntilReady();
    }

    /** Runs these statements and returns the rows of all of them, values as text and NULL as an empty string. */
    List<List<String>> query(String sql) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(sql.getBytes(StandardCharsets.UTF_8));
        body.write(0);
        send(new byte[] {'Q'}, body.toByteArray());
        return readUntilReady();
    }

    private void send(byte[] type, byte[] body) throws IOException {
        ByteBuffer message = ByteBuffer.allocate(type.length + 4 + body.length);
        message.put(type).putInt(4 + body.length).put(body);
        out.write(message.array());
        out.flush();
    }

    private List<List<String>> readUntilReady() throws IOException {
        List<List<String>> rows = new ArrayList<>();
        String error = null;
        while (true) {
            int type = in.read();
            if (type < 0) {
                throw new EOFException(error == null ? "closed by the server" : error);
            }
            byte[] body = new byte[in.readInt() - 4];
            in.readFully(body);
            switch (type) {
                case 'R' -> requireTrusted(ByteBuffer.wrap(body).getInt());
                case 'D' -> rows.add(row(ByteBuffer.wrap(body)));
                case 'E' -> error = describe(body);
                case 'Z' -> {
                    if (error != null) {
                        throw new IOException(error);
                    }
                    return rows;
                }
                default -> {
                    // Parameters, notices, row descriptions, tags: nothing a probe needs.
                }
            }
        }
    }

    private static void requireTrusted(int authentication) throws IOException {
        if (authentication != 0) {
            throw new IOException("the server asks for a password, pg_hba.conf should trust the observer");
        }
    }

    private static List<String> row(ByteBuffer body) {
        int columns = body.getShort();
        List<String> row = new ArrayList<>(columns);
        for (int i = 0; i < columns; i++) {
            byte[] value = new byte[Math.max(0, body.getInt())];
            body.get(value);
            row.add(new String(value, StandardCharsets.UTF_8));
        }
        return row;
    }

    /** The fields of an ErrorResponse are a letter and a zero-terminated text each; C is the SQLSTATE, M the message. */
    private static String describe(byte[] body) {
        StringBuilder text = new StringBuilder();
        for (String field : new String(body, StandardCharsets.UTF_8).split("\0", -1)) {
            if (field.startsWith("C") || field.startsWith("M")) {
                text.append(text.isEmpty() ? "" : " ").append(field.substring(1));
            }
        }
        return text.toString();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
