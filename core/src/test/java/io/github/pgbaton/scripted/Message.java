package io.github.pgbaton.scripted;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Builds the server's side of PostgreSQL's protocol, version 3; stateless. */
final class Message {
    private static final int TEXT_OID = 25;

    private Message() {}

    static byte[] of(char type, byte... body) {
        return ByteBuffer.allocate(5 + body.length)
                .put((byte) type)
                .putInt(4 + body.length)
                .put(body)
                .array();
    }

    static byte[] of(char type, int... body) {
        byte[] bytes = new byte[body.length];
        for (int i = 0; i < body.length; i++) {
            bytes[i] = (byte) body[i];
        }
        return of(type, bytes);
    }

    static byte[] of(char type) {
        return of(type, new byte[0]);
    }

    static byte[] text(String text) {
        return (text + "\0").getBytes(StandardCharsets.UTF_8);
    }

    static byte[] parameter(String name, String value) {
        return of('S', text(name + "\0" + value));
    }

    static byte[] complete(String tag) {
        return of('C', text(tag));
    }

    static byte[] columns(int count) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(ByteBuffer.allocate(2).putShort((short) count).array());
        for (int i = 0; i < count; i++) {
            body.writeBytes(text("c" + i));
            body.writeBytes(ByteBuffer.allocate(18)
                    .putInt(0)
                    .putShort((short) 0)
                    .putInt(TEXT_OID)
                    .putShort((short) -1)
                    .putInt(-1)
                    .putShort((short) 0)
                    .array());
        }
        return of('T', body.toByteArray());
    }

    static byte[] row(@Nullable String... values) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(ByteBuffer.allocate(2).putShort((short) values.length).array());
        for (String value : values) {
            if (value == null) {
                body.writeBytes(ByteBuffer.allocate(4).putInt(-1).array());
                continue;
            }
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            body.writeBytes(ByteBuffer.allocate(4).putInt(bytes.length).array());
            body.writeBytes(bytes);
        }
        return of('D', body.toByteArray());
    }

    static byte[] error(String severity, String state, String text) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        field(body, 'S', severity);
        field(body, 'V', severity);
        field(body, 'C', state);
        field(body, 'M', text);
        body.write(0);
        return of('E', body.toByteArray());
    }

    private static void field(ByteArrayOutputStream body, char code, String value) {
        body.write(code);
        body.writeBytes(text(value));
    }
}
