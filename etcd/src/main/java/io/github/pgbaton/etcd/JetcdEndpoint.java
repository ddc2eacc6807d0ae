package io.github.pgbaton.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.GetOption;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Collectors;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * One etcd member over a jetcd client of its own, opened on first use and thrown away after every failure.
 *
 * <p>One client per member, not one for all: a reading must be able to ask a certain member, and a client that is thrown
 * away takes with it gRPC's reconnect backoff (which grows to minutes), an expired token and a half-dead connection.
 * Confined to the source's thread, but for the futures.
 */
final class JetcdEndpoint implements Endpoint {
    private static final Duration KEEPALIVE = Duration.ofSeconds(10);
    private static final Duration KEEPALIVE_TIMEOUT = Duration.ofSeconds(3);
    private static final int MAX_MESSAGE = 16 << 20;
    private static final int MAX_MEMBERS = 1000;

    private final URI uri;
    private final EtcdSettings settings;
    private final Duration deadline;
    private final ScheduledExecutorService calls;
    private final Op[] everything;
    private final Op[] withoutSync;
    private final Op[] leaderOnly;
    private final Resolver resolver;
    private @Nullable CompletableFuture<Client> client;
    /** An opening that nobody waits for any more, and whose thread may be in a name look-up still. */
    private CompletableFuture<?> unwanted = CompletableFuture.completedFuture(null);

    /** Whether the user may not read {@code sync}, which older advice did not name: all else counts without it. */
    private volatile boolean syncDenied;

    /**
     * @param calls where jetcd may run things and names may be resolved, which blocks
     */
    JetcdEndpoint(URI uri, EtcdSettings settings, Duration deadline, ScheduledExecutorService calls) {
        this(uri, settings, deadline, calls, InetAddress::getAllByName);
    }

    /** Looks up a name, which takes as long as it takes. */
    interface Resolver {
        InetAddress[] resolve(String host) throws UnknownHostException;
    }

    JetcdEndpoint(
            URI uri, EtcdSettings settings, Duration deadline, ScheduledExecutorService calls, Resolver resolver) {
        this.resolver = resolver;
        this.uri = uri;
        this.settings = settings;
        this.deadline = deadline;
        this.calls = calls;
        this.leaderOnly = new Op[] {Op.get(key(PatroniKeys.LEADER), GetOption.DEFAULT)};
        GetOption members = GetOption.builder()
                .withRange(key(PatroniKeys.MEMBERS_END))
                .withLimit(MAX_MEMBERS)
                .build();
        Op[] ops = PatroniKeys.SINGLE.stream()
                .map(k -> Op.get(key(k), GetOption.DEFAULT))
                .toArray(Op[]::new);
        this.withoutSync = Arrays.copyOf(ops, ops.length + 1);
        this.withoutSync[ops.length] = Op.get(key(PatroniKeys.MEMBERS), members);
        this.everything = Arrays.copyOf(withoutSync, withoutSync.length + 1);
        this.everything[withoutSync.length] = Op.get(key(PatroniKeys.SYNC), GetOption.DEFAULT);
    }

    @Override
    public String name() {
        return uri.toString();
    }

    /** One transaction of reads: one revision, linearizable, and it needs no more rights than the keys it names. */
    @Override
    public CompletableFuture<KeyState> read() {
        return client().thenCompose(c -> txn(c, syncDenied ? withoutSync : everything)
                .exceptionallyCompose(failure -> {
                    if (syncDenied || !Reasons.permissionDenied(failure)) {
                        return CompletableFuture.failedFuture(failure);
                    }
                    syncDenied = true;
                    return txn(c, withoutSync);
                }));
    }

    @Override
    public CompletableFuture<KeyState> readLeader() {
        return client().thenCompose(c -> txn(c, leaderOnly));
    }

    private CompletableFuture<KeyState> txn(Client opened, Op[] ops) {
        return opened.getKVClient().txn().Then(ops).commit().thenApply(this::state);
    }

    @Override
    public AutoCloseableQuietly watch(long fromRevision, boolean narrow, WatchEvents events) {
        JetcdWatch watch = new JetcdWatch(settings.prefix(), events);
        CompletableFuture<Client> opened = client();
        Client current = opened.isDone() && !opened.isCompletedExceptionally() ? opened.getNow(null) : null;
        if (current == null) {
            events.ended("not connected", false);
        } else {
            watch.open(current.getWatchClient(), fromRevision, narrow, !syncDenied);
        }
        return watch;
    }

    @Override
    public void discard() {
        CompletableFuture<Client> old = client;
        client = null;
        if (old != null) {
            // Also one that is still being opened: it is closed as soon as it is there.
            var unused = old.thenAccept(Client::close);
            unwanted = old;
        }
    }

    private CompletableFuture<Client> client() {
        CompletableFuture<Client> current = client;
        if (current == null || current.isCompletedExceptionally()) {
            if (!unwanted.isDone()) {
                // One look-up at a time: a name server that hangs would take a thread with each, and with the last one
                // the calls to the members that do answer.
                return CompletableFuture.failedFuture(
                        new IllegalStateException("the name server has not answered for " + uri.getHost() + " yet"));
            }
            current = CompletableFuture.supplyAsync(this::open, calls);
            client = current;
        }
        return current;
    }

    private Client open() {
        ClientBuilder builder = Client.builder()
                .target(target())
                .loadBalancerPolicy("pick_first")
                .connectTimeout(deadline)
                .keepaliveTime(KEEPALIVE)
                .keepaliveTimeout(KEEPALIVE_TIMEOUT)
                // Pings without a call earn GOAWAY too_many_pings from etcd.
                .keepaliveWithoutCalls(false)
                // Fail at once where nobody listens, rather than hang until the deadline.
                .waitForReady(false)
                .maxInboundMessageSize(MAX_MESSAGE)
                // One retry, which jetcd uses for an expired token only.
                .retryMaxAttempts(1)
                .retryDelay(10)
                .retryMaxDelay(100)
                .interceptor(new DeadlineInterceptor(deadline))
                .executorService(calls);
        if (settings.user() != null && settings.password() != null) {
            builder.user(bytes(settings.user())).password(bytes(settings.password()));
        }
        try {
            if ("https".equals(uri.getScheme())) {
                builder.sslContext(TlsContext.build(settings));
            }
        } catch (SSLException | IllegalArgumentException e) {
            throw new CompletionException(e);
        }
        Client opened = builder.build();
        // Makes the channel now. Made on first use, it would be made even after close(), and never closed: a client
        // that is discarded while it is being opened is closed before the call that waited for it goes out.
        opened.getKVClient();
        return opened;
    }

    /**
     * Numeric addresses for jetcd's resolver: given a name, it would look it up in gRPC's event loop, which other
     * clients of this JVM share, and use only the first address.
     */
    private String target() {
        try {
            String host = uri.getHost().replaceAll("[\\[\\]]", "");
            // The authority is what a certificate is checked against: without it, it would be the numeric address.
            return "ip://"
                    + uri.getRawAuthority()
                    + "/"
                    + Arrays.stream(resolver.resolve(host))
                            .map(a -> numeric(a) + ":" + uri.getPort())
                            .collect(Collectors.joining(","));
        } catch (UnknownHostException e) {
            throw new CompletionException(e);
        }
    }

    private static String numeric(InetAddress address) {
        String text = address.getHostAddress();
        int zone = text.indexOf('%');
        text = zone < 0 ? text : text.substring(0, zone);
        return text.indexOf(':') < 0 ? text : "%5B" + text + "%5D"; // brackets are not legal in a URI's path
    }

    private KeyState state(TxnResponse response) {
        Map<String, KeyEntry> entries = new HashMap<>();
        for (GetResponse get : response.getGetResponses()) {
            for (KeyValue kv : get.getKvs()) {
                entries.put(relative(settings.prefix(), kv.getKey()), entry(kv));
            }
        }
        return new KeyState(
                response.getHeader().getClusterId(),
                response.getHeader().getRaftTerm(),
                response.getHeader().getRevision(),
                entries);
    }

    static KeyEntry entry(KeyValue kv) {
        return new KeyEntry(
                kv.getValue().toString(StandardCharsets.UTF_8), kv.getCreateRevision(), kv.getModRevision());
    }

    static String relative(String prefix, ByteSequence key) {
        String text = key.toString(StandardCharsets.UTF_8);
        return text.startsWith(prefix) ? text.substring(prefix.length()) : "";
    }

    private ByteSequence key(String relative) {
        return bytes(settings.prefix() + relative);
    }

    static ByteSequence bytes(String text) {
        return ByteSequence.from(text, StandardCharsets.UTF_8);
    }
}
