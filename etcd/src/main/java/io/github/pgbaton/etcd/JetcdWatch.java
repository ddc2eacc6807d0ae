package io.github.pgbaton.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Response;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.watch.WatchEvent;
import io.etcd.jetcd.watch.WatchResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One watch, of one range and the key {@code sync} or, for a user who may read single keys only, of several; over for good at its first trouble.
 *
 * <p>jetcd would resume some watches by itself, skipping what happened meanwhile, and give up on others without saying
 * so: {@link #close} keeps it from both, and whoever owns this reads everything again.
 */
final class JetcdWatch implements Endpoint.AutoCloseableQuietly {
    private final String prefix;
    private final Endpoint.WatchEvents events;
    private final List<Watch.Watcher> watchers = new ArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicInteger unconfirmed = new AtomicInteger();

    JetcdWatch(String prefix, Endpoint.WatchEvents events) {
        this.prefix = prefix;
        this.events = events;
    }

    /** @param sync whether the user may read that key too, which no range has */
    void open(Watch client, long fromRevision, boolean narrow, boolean sync) {
        WatchOption.Builder option = WatchOption.builder()
                .withRevision(fromRevision)
                .withCreateNotify(true)
                // Without it a watch on a member that is cut off from the others stays silent for ever.
                .withRequireLeader(true);
        unconfirmed.set((narrow ? PatroniKeys.SINGLE.size() + 1 : 1) + (sync ? 1 : 0));
        try {
            WatchOption single = option.build();
            if (sync) {
                watchers.add(client.watch(key(PatroniKeys.SYNC), single, listener()));
            }
            if (narrow) {
                for (String key : PatroniKeys.SINGLE) {
                    watchers.add(client.watch(key(key), single, listener()));
                }
                WatchOption members =
                        option.withRange(key(PatroniKeys.MEMBERS_END)).build();
                watchers.add(client.watch(key(PatroniKeys.MEMBERS), members, listener()));
            } else {
                WatchOption range = option.withRange(key(PatroniKeys.RANGE_END)).build();
                watchers.add(client.watch(key(PatroniKeys.RANGE_START), range, listener()));
            }
        } catch (RuntimeException e) {
            ended(Reasons.of(e), false);
        }
    }

    private ByteSequence key(String relative) {
        return JetcdEndpoint.bytes(prefix + relative);
    }

    private Watch.Listener listener() {
        return Watch.listener(
                this::next,
                e -> ended(Reasons.of(e), Reasons.permissionDenied(e)),
                () -> ended("etcd ended the watch", false));
    }

    private void next(WatchResponse response) {
        if (closed.get()) {
            return;
        }
        if (response.isCreatedNotify()) {
            Response.Header header = response.getHeader();
            boolean complete = unconfirmed.decrementAndGet() == 0;
            events.created(header.getClusterId(), header.getRaftTerm(), header.getRevision(), complete);
            return;
        }
        List<KeyChange> changes = new ArrayList<>();
        for (WatchEvent event : response.getEvents()) {
            String key = JetcdEndpoint.relative(prefix, event.getKeyValue().getKey());
            if (PatroniKeys.matters(key)) {
                boolean put = event.getEventType() == WatchEvent.EventType.PUT;
                changes.add(new KeyChange(
                        key,
                        put ? JetcdEndpoint.entry(event.getKeyValue()) : null,
                        event.getKeyValue().getModRevision()));
            }
        }
        if (!changes.isEmpty()) {
            events.changed(
                    response.getHeader().getClusterId(), response.getHeader().getRaftTerm(), changes);
        }
    }

    private void ended(String reason, boolean permissionDenied) {
        if (!closed.get()) {
            events.ended(reason, permissionDenied);
        }
    }

    @Override
    public void close() {
        closed.set(true);
        watchers.forEach(Watch.Watcher::close);
    }
}
