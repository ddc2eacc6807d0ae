package io.github.pgbaton.internal.rest;

import com.google.gson.JsonObject;
import io.github.pgbaton.internal.rest.Json.BadAnswer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what hardly ever changes, the settings, the history and the system identifier, once per leader and never more than
 * a few times over. Confined to the loop.
 */
final class Facts {
    private static final Logger LOG = LoggerFactory.getLogger(Facts.class);
    private static final int ATTEMPTS = 3;

    /** How many rounds a new primary has for writing its history. */
    private static final int STALE_HISTORIES = 60;

    private final Publisher publisher;
    private final Runnable settled;
    private int staleHistories;
    private final Fact settings = new Fact("/config") {
        @Override
        void read(String body) throws BadAnswer {
            publisher.settings(PatroniJson.settings(body));
            settled.run();
        }
    };
    private final Fact history = new Fact("/history") {
        @Override
        void read(String body) throws BadAnswer {
            publisher.history(PatroniJson.timeline(body), PatroniJson.history(body));
        }
    };
    /** The leader's own answer names it too; this one is for a leader that cannot be asked. */
    private final Fact system = new Fact("/patroni") {
        @Override
        void read(String body) throws BadAnswer {
            JsonObject json = Json.object(body);
            String identifier = PatroniJson.systemIdentifier(json);
            if (identifier == null) {
                throw new BadAnswer("names no system identifier");
            }
            publisher.systemIdentifier(identifier);
        }
    };

    /** @param settled runs after the settings were read */
    Facts(Publisher publisher, Runnable settled) {
        this.publisher = publisher;
        this.settled = settled;
    }

    /** Everything may have changed. */
    void forget() {
        settings.attempts = 0;
        history.attempts = 0;
        staleHistories = 0;
        system.attempts = 0;
    }

    /** Asks for what is missing; called once per round. */
    void ask(Endpoint endpoint) {
        settings.ask(endpoint);
        if (publisher.historyIsOld() && staleHistories < STALE_HISTORIES) {
            // A primary writes it a second or two after its promotion.
            staleHistories++;
            history.attempts = 0;
        }
        history.ask(endpoint);
        if (publisher.known().systemIdentifier() == null) {
            system.ask(endpoint);
        }
    }

    private abstract static class Fact implements Endpoint.Handler {
        private final String path;
        private boolean waiting;
        int attempts;

        Fact(String path) {
            this.path = path;
        }

        abstract void read(String body) throws BadAnswer;

        void ask(Endpoint endpoint) {
            if (!waiting && attempts < ATTEMPTS && endpoint.get(path, this)) {
                waiting = true;
                attempts++;
            }
        }

        @Override
        public void replied(HttpReply reply, long sentNanos) {
            waiting = false;
            try {
                if (reply.status() != 200) {
                    throw new BadAnswer("status " + reply.status());
                }
                read(reply.body());
                attempts = ATTEMPTS;
            } catch (BadAnswer e) {
                LOG.debug("{} of Patroni is of no use: {}", path, e.getMessage());
            }
        }

        @Override
        public void failed(String reason, long sentNanos) {
            waiting = false;
            LOG.debug("{} of Patroni cannot be read: {}", path, reason);
        }
    }
}
