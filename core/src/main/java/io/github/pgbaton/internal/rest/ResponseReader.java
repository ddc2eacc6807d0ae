package io.github.pgbaton.internal.rest;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Pattern;

/** Reads one HTTP answer, of version 1.0 or 1.1: never more than the limits, and nothing but IOException goes wrong. */
final class ResponseReader {
    static final int MAX_BODY = 1 << 20;
    static final int MAX_HEAD = 32 << 10;

    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.[0-9] ([1-5][0-9][0-9])( .*)?");
    private static final Pattern LENGTH = Pattern.compile("[0-9]{1,18}");
    private static final Pattern CHUNK = Pattern.compile("[0-9a-fA-F]{1,8}");

    private final InputStream in;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private int head;
    private boolean chunked;
    private long length;

    private ResponseReader(InputStream in) {
        this.in = new BufferedInputStream(in);
    }

    static HttpReply read(InputStream in, InetAddress remote) throws IOException {
        return new ResponseReader(in).read(remote);
    }

    private HttpReply read(InetAddress remote) throws IOException {
        int status = head();
        while (status < 200) { // "100 Continue" and its like precede the answer; the head's limit ends them
            status = head();
        }
        if (chunked) {
            chunks();
        } else if (length >= 0) {
            exactly(length);
        } else {
            untilEnd();
        }
        return new HttpReply(status, body.toString(StandardCharsets.UTF_8), remote);
    }

    private int head() throws IOException {
        chunked = false;
        length = -1;
        var line = STATUS_LINE.matcher(line());
        if (!line.matches()) {
            throw new IOException("answers something that is not HTTP");
        }
        for (String field = line(); !field.isEmpty(); field = line()) {
            int colon = field.indexOf(':');
            String name = colon < 0 ? "" : field.substring(0, colon).toLowerCase(Locale.ROOT);
            String value = field.substring(colon + 1).trim();
            if (name.equals("transfer-encoding")) {
                if (!value.equalsIgnoreCase("chunked")) {
                    throw new IOException("answers in a transfer encoding that was not asked for");
                }
                chunked = true;
            } else if (name.equals("content-length")) {
                if (!LENGTH.matcher(value).matches()) {
                    throw new IOException("answers with a Content-Length that is none");
                }
                length = Long.parseLong(value);
            }
        }
        return Integer.parseInt(line.group(1));
    }

    private String line() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new IOException(head == 0 ? "closes the connection without an answer" : "breaks its answer off");
            }
            if (++head > MAX_HEAD) {
                throw new IOException("answers with more than " + MAX_HEAD + " bytes of header");
            }
            text.append((char) b);
        }
        int end = text.length();
        return end > 0 && text.charAt(end - 1) == '\r' ? text.substring(0, end - 1) : text.toString();
    }

    private void chunks() throws IOException {
        while (true) {
            String size = line();
            int extension = size.indexOf(';');
            size = (extension < 0 ? size : size.substring(0, extension)).trim();
            if (!CHUNK.matcher(size).matches()) {
                throw new IOException("answers in chunks that are none");
            }
            long bytes = Long.parseLong(size, 16);
            if (bytes == 0) {
                return; // what trails is of no interest, and the connection ends here
            }
            exactly(bytes);
            if (!line().isEmpty()) {
                throw new IOException("answers in chunks that are none");
            }
        }
    }

    private void exactly(long bytes) throws IOException {
        if (bytes > MAX_BODY - body.size()) {
            throw tooLong();
        }
        byte[] read = in.readNBytes((int) bytes);
        if (read.length < bytes) {
            throw new IOException("breaks its answer off");
        }
        body.write(read);
    }

    private void untilEnd() throws IOException {
        byte[] read = in.readNBytes(MAX_BODY + 1);
        if (read.length > MAX_BODY) {
            throw tooLong();
        }
        body.write(read);
    }

    private static IOException tooLong() {
        return new IOException("answers with more than " + MAX_BODY + " bytes");
    }
}
