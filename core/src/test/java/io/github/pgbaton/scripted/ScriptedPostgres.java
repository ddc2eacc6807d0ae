package io.github.pgbaton.scripted;

import io.github.pgbaton.topology.HostPort;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A server that speaks just enough of PostgreSQL's protocol to be connected to by PgJDBC, and breaks where a test says so:
 * what a real server cannot be asked to do at one exact moment.
 *
 * <p>It executes nothing: every statement succeeds with no rows, except the driver's own questions about its standing
 * and its ledger, and those a test has an answer for.
 */
public final class ScriptedPostgres implements AutoCloseable {

    /** What the server does when a statement reaches it. */
    public enum Reaction {
        SUCCEED,
        /** Closes the connection in place of the answer. */
        HANG_UP,
        /** Says FATAL 57P01 and closes, as in a fast shutdown. */
        SHUT_DOWN,
        /** Never answers. */
        HANG,
        /** ERROR 23505, and lives on. */
        FAIL,
        /** ERROR 57P01, as a foreign server's comes through, and lives on. */
        FAIL_57P01,
        /** ERROR 22023, as for a transaction id that was never given, and lives on. */
        FAIL_FUTURE,
        /** ERROR 25006, as from a standby, and lives on. */
        FAIL_READ_ONLY
    }

    private static final int CANCEL = 80877102;

    private final ServerSocket listener;
    private final List<Socket> clients = new CopyOnWriteArrayList<>();
    private final List<String> statements = new CopyOnWriteArrayList<>();
    private volatile Function<String, Reaction> script = sql -> Reaction.SUCCEED;
    private volatile Function<String, String @Nullable []> rows = sql -> null;
    private final List<String> users = new CopyOnWriteArrayList<>();
    private final List<AtomicInteger> questions = new CopyOnWriteArrayList<>();
    private volatile @Nullable String refused;
    private volatile byte[] refusal = {};
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger cancels = new AtomicInteger();
    private final AtomicInteger starting = new AtomicInteger();
    private final AtomicInteger mostStarting = new AtomicInteger();
    private volatile Runnable handshake = () -> {};
    private volatile boolean mute;
    private final ScriptedStanding self = new ScriptedStanding();
    private volatile boolean reportsStanding = true;
    private volatile boolean reportsPrimary;
    private volatile boolean reportsPromotion = true;

    public ScriptedPostgres() throws IOException {
        this("127.0.0.1");
    }

    public ScriptedPostgres(String host) throws IOException {
        listener = new ServerSocket(0, 50, InetAddress.getByName(host));
        start("scripted-postgres-" + listener.getLocalPort(), () -> {
            while (!listener.isClosed()) {
                Socket client = listener.accept();
                clients.add(client);
                if (listener.isClosed()) {
                    // Accepted while the server closed, and maybe too late for its last look at its clients.
                    WireProxy.close(client);
                    return;
                }
                accepted.incrementAndGet();
                if (mute) {
                    continue;
                }
                start("scripted-session-" + client.getPort(), () -> new Session(client).serve());
            }
        });
    }

    private interface Body {
        void run() throws IOException;
    }

    private static void start(String name, Body body) {
        Thread thread = new Thread(
                () -> {
                    try {
                        body.run();
                    } catch (IOException e) {
                        // The other side or the test closed it.
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }

    public HostPort address() {
        return new HostPort(listener.getInetAddress().getHostAddress(), listener.getLocalPort());
    }

    /** Decides by the text of each statement; COMMIT, BEGIN and ROLLBACK are statements too. */
    public ScriptedPostgres script(Function<String, Reaction> reactions) {
        script = reactions;
        return this;
    }

    /** What row a statement returns, null for none; COMMIT and the like must not return one. */
    public ScriptedPostgres answers(Function<String, String @Nullable []> rowOf) {
        rows = rowOf;
        return this;
    }

    /** As a frozen server, whose kernel still completes TCP: takes connections and says nothing. */
    public ScriptedPostgres mute(boolean silent) {
        mute = silent;
        return this;
    }

    public ScriptedPostgres inRecovery(boolean standby) {
        self.inRecovery = standby;
        return this;
    }

    public ScriptedPostgres timeline(int number) {
        self.timeline = number;
        return this;
    }

    /** How far it has written, or in recovery replayed, in bytes of WAL. */
    public ScriptedPostgres position(long bytes) {
        self.position = bytes;
        return this;
    }

    public ScriptedPostgres system(String identifier) {
        self.system = identifier;
        return this;
    }

    /** As after ./run ledger create; statements on the ledger are as any. */
    public ScriptedPostgres ledger() {
        self.ledger = true;
        return this;
    }

    /** As after an ALTER TABLE on the ledger that changes nothing that matters. */
    public ScriptedPostgres ledgerVersion(String version) {
        self.ledgerVersion = version;
        return this;
    }

    /** As while synchronous_standby_names is empty. */
    public ScriptedPostgres alone(boolean none) {
        self.alone = none;
        return this;
    }

    /** Lets the role ask for transaction ids; a test has the answers. */
    public ScriptedPostgres xids() {
        self.xids = true;
        return this;
    }

    /** Lets every session take its time before it is open, as a busy server does. */
    public ScriptedPostgres handshake(Duration time) {
        return handshake(() -> LockSupport.parkNanos(time.toNanos()));
    }

    /** Lets every session wait for this before it is open. */
    public ScriptedPostgres handshake(Runnable wait) {
        handshake = wait;
        return this;
    }

    /** How many sessions were being opened at the same time, at the most; one counts from its first byte on. */
    public int mostStarting() {
        return mostStarting.get();
    }

    /** As a pooler, which repeats at connect what a primary once told it, whatever the server is by now. */
    public ScriptedPostgres reportingAPrimary() {
        reportsPrimary = true;
        return this;
    }

    /** As a pooler, which tells a client that is connected nothing of what becomes of the server. */
    public ScriptedPostgres silentAboutPromotion() {
        reportsPromotion = false;
        return this;
    }

    /** As before PostgreSQL 14: nothing about the role at connect. */
    public ScriptedPostgres silentAboutStanding() {
        reportsStanding = false;
        return this;
    }

    /** Everything that was executed, in order, without what the driver and PgJDBC send of their own at connect. */
    public List<String> statements() {
        return statements.stream().filter(sql -> !ScriptedStanding.isOwn(sql)).toList();
    }

    /** As {@link #statements}, with everything that the driver asked. */
    public List<String> allStatements() {
        return List.copyOf(statements);
    }

    /** Lets nobody of this name in: 28P01. */
    public ScriptedPostgres refusing(String user) {
        return refusing(user, "28P01", "password authentication failed");
    }

    /** Lets nobody of this name in, with other words. */
    public ScriptedPostgres refusing(String user, String state, String words) {
        refusal = Message.error("FATAL", state, words);
        refused = user;
        return this;
    }

    /** Who opened a session, in order. */
    public List<String> users() {
        return List.copyOf(users);
    }

    /** How often each session was asked for its standing, in the order in which they were opened. */
    public List<Long> questionsBySession() {
        return questions.stream().map(count -> (long) count.get()).toList();
    }

    /** How many calls somebody wanted to cancel, in vain. */
    public int cancels() {
        return cancels.get();
    }

    /** How many connections were ever taken. */
    public int accepted() {
        return accepted.get();
    }

    public long openSessions() {
        return clients.stream().filter(client -> !client.isClosed()).count();
    }

    /** Closes all sessions as a crash does; new ones are taken. */
    public void dropSessions() {
        for (Socket client : clients) {
            WireProxy.close(client);
        }
        clients.clear();
    }

    /** Ends an idle session as an administrator does: FATAL 57P01, then the connection goes. */
    public void terminateSessions() throws IOException {
        for (Socket client : clients) {
            DataOutputStream out = new DataOutputStream(client.getOutputStream());
            out.write(Message.error("FATAL", "57P01", "terminating connection due to administrator command"));
            out.flush();
        }
        dropSessions();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        dropSessions();
    }

    private final class Session {
        private final Socket socket;
        private final DataInputStream in;
        private final DataOutputStream out;
        private final Map<String, String> prepared = new HashMap<>();
        private String bound = "";
        private char status = 'I';
        private boolean failed;
        private boolean toldStandby;
        private final AtomicInteger asked = new AtomicInteger();

        Session(Socket socket) throws IOException {
            this.socket = socket;
            socket.setTcpNoDelay(true);
            in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
            out = new DataOutputStream(socket.getOutputStream());
        }

        void serve() throws IOException {
            try (socket) {
                startup();
                while (true) {
                    int type = in.read();
                    if (type < 0 || type == 'X') {
                        return;
                    }
                    byte[] body = new byte[in.readInt() - 4];
                    in.readFully(body);
                    if (!handle((char) type, new Fields(body))) {
                        return;
                    }
                    out.flush();
                }
            } catch (SocketException e) {
                // Broken by the test or by the driver's abort.
            }
        }

        private void startup() throws IOException {
            int length = in.readInt();
            int code = in.readInt();
            if (code == CANCEL) {
                // As a frozen server does: it takes it, and nothing comes of it.
                cancels.incrementAndGet();
                socket.close();
                return;
            }
            byte[] rest = new byte[length - 8];
            in.readFully(rest);
            if (code == 80877103 || code == 80877104) {
                out.write('N');
                out.flush();
                startup();
                return;
            }
            String user = new Fields(rest).valueOf("user");
            if (user.equals(refused)) {
                out.write(refusal);
                out.flush();
                socket.close();
                return;
            }
            users.add(user);
            questions.add(asked);
            mostStarting.accumulateAndGet(starting.incrementAndGet(), Math::max);
            handshake.run();
            out.write(Message.of('R', 0, 0, 0, 0));
            parameter("server_version", "15.0");
            parameter("server_encoding", "UTF8");
            parameter("client_encoding", "UTF8");
            parameter("DateStyle", "ISO, MDY");
            parameter("TimeZone", "UTC");
            parameter("integer_datetimes", "on");
            parameter("standard_conforming_strings", "on");
            if (reportsStanding) {
                toldStandby = self.inRecovery && !reportsPrimary;
                parameter("in_hot_standby", toldStandby ? "on" : "off");
                parameter("default_transaction_read_only", "off");
            }
            out.write(Message.of('K', 0, 0, 0, 1, 0, 0, 0, 2));
            ready();
            // Before the client can know that it is open, or its next one would seem to overlap.
            starting.decrementAndGet();
            out.flush();
        }

        private boolean handle(char type, Fields fields) throws IOException {
            switch (type) {
                case 'Q' -> {
                    boolean alive = execute(fields.text());
                    if (alive) {
                        ready();
                    }
                    return alive;
                }
                case 'P' -> {
                    prepared.put(fields.text(), fields.text());
                    answer(Message.of('1'));
                }
                case 'B' -> {
                    fields.text();
                    bound = prepared.getOrDefault(fields.text(), "");
                    answer(Message.of('2'));
                }
                case 'D' -> {
                    String[] special = rowOf(bound);
                    String[] row = special == null ? self.standing(bound) : special;
                    answer(row == null ? Message.of('n') : Message.columns(row.length));
                }
                case 'E' -> {
                    return failed || execute(bound);
                }
                case 'C' -> answer(Message.of('3'));
                case 'S' -> {
                    failed = false;
                    ready();
                }
                default -> {
                    // Flush and the like need no answer.
                }
            }
            return true;
        }

        /** After an error everything up to the next Sync is skipped. */
        private void answer(byte[] message) throws IOException {
            if (!failed) {
                out.write(message);
            }
        }

        private boolean execute(String sql) throws IOException {
            statements.add(sql);
            switch (script.apply(sql)) {
                case HANG_UP -> {
                    return false;
                }
                case SHUT_DOWN -> {
                    out.write(Message.error("FATAL", "57P01", "terminating connection due to administrator command"));
                    out.flush();
                    return false;
                }
                case HANG -> {
                    out.flush();
                    while (in.read() >= 0) {
                        // Takes everything and says nothing.
                    }
                    return false;
                }
                case FAIL -> {
                    return refuse("23505", "duplicate key");
                }
                case FAIL_FUTURE -> {
                    return refuse("22023", "transaction ID 700 is in the future");
                }
                case FAIL_READ_ONLY -> {
                    return refuse("25006", "cannot execute INSERT in a read-only transaction");
                }
                case FAIL_57P01 -> {
                    out.write(Message.error("ERROR", "57P01", "the foreign server was shut down"));
                    failed = true;
                    status = sql.strip().equals("COMMIT") ? 'I' : status;
                    return true;
                }
                case SUCCEED -> {
                    self.awaitPromotion(sql);
                    String[] row = rowOf(sql);
                    if (row == null) {
                        row = self.standing(sql);
                        asked.addAndGet(row == null ? 0 : 1);
                    }
                    if (row != null) {
                        out.write(Message.row(row));
                        out.write(Message.complete("SELECT 1"));
                        return true;
                    }
                    String verb = sql.strip().split("\\W", 2)[0].toUpperCase(Locale.ROOT);
                    status = switch (verb) {
                        case "BEGIN" -> 'T';
                        case "COMMIT", "ROLLBACK" -> sql.startsWith("ROLLBACK TO") ? 'T' : 'I';
                        default -> status;
                    };
                    out.write(Message.complete(verb.equals("INSERT") ? "INSERT 0 1" : verb));
                    return true;
                }
            }
            return true;
        }

        private boolean refuse(String state, String words) throws IOException {
            out.write(Message.error("ERROR", state, words));
            failed = true;
            status = status == 'I' ? 'I' : 'E';
            return true;
        }

        private String @Nullable [] rowOf(String sql) {
            String[] own = self.answer(sql);
            return own == null ? rows.apply(sql) : own;
        }

        private void parameter(String name, String value) throws IOException {
            out.write(Message.parameter(name, value));
        }

        private void ready() throws IOException {
            if (toldStandby && !self.inRecovery && reportsPromotion) {
                toldStandby = false;
                parameter("in_hot_standby", "off");
            }
            out.write(Message.of('Z', (byte) status));
        }
    }
}
