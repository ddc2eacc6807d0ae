package io.github.pgbaton.compatibility;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.OptimisticLockException;
import jakarta.persistence.SequenceGenerator;
import jakarta.persistence.Table;
import jakarta.persistence.Version;
import java.util.List;
import java.util.function.Supplier;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;

/** Hibernate ORM by itself. */
final class HibernateWorks {
    private static final String NAME = "Hibernate ORM";
    private static final int BATCH = 20;

    private HibernateWorks() {}

    @Entity(name = "Plain")
    @Table(name = "hibernate_plain")
    static class Plain {
        @Id
        String id;

        @Column(name = "attempt")
        String attempt;

        int price;

        @Version
        int version;

        Plain() {}

        Plain(String attempt, int number) {
            this.id = attempt + "-" + number;
            this.attempt = attempt;
        }
    }

    @Entity
    @Table(name = "hibernate_sequence_id")
    static class BySequence {
        @Id
        @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "hibernate_ids")
        @SequenceGenerator(name = "hibernate_ids", sequenceName = "hibernate_ids", allocationSize = 1)
        Long id;

        @Column(name = "attempt")
        String attempt;

        BySequence() {}

        BySequence(String attempt) {
            this.attempt = attempt;
        }
    }

    @Entity
    @Table(name = "hibernate_identity_id")
    static class ByIdentity {
        @Id
        @GeneratedValue(strategy = GenerationType.IDENTITY)
        Long id;

        @Column(name = "attempt")
        String attempt;

        ByIdentity() {}

        ByIdentity(String attempt) {
            this.attempt = attempt;
        }
    }

    static List<Work> all(Routes routes) {
        Configuration configuration = new Configuration()
                .addAnnotatedClass(Plain.class)
                .addAnnotatedClass(BySequence.class)
                .addAnnotatedClass(ByIdentity.class)
                .setProperty("hibernate.hbm2ddl.auto", "update")
                .setProperty("hibernate.jdbc.batch_size", String.valueOf(BATCH));
        configuration.getProperties().put("hibernate.connection.datasource", routes.pool());
        SessionFactory factory = routes.closing(configuration.buildSessionFactory());

        return List.of(
                new Work(NAME, "entities saved, loaded and changed", "hibernate_plain", 2, attempt -> {
                    factory.inTransaction(session -> {
                        session.persist(new Plain(attempt.id(), 1));
                        session.flush();
                        session.clear();
                        Plain loaded = session.find(Plain.class, attempt.id() + "-1");
                        attempt.middle();
                        loaded.price = 7;
                        session.persist(new Plain(attempt.id(), 2));
                    });
                }),
                new Work(NAME, "ids of a sequence", "hibernate_sequence_id", 2, attempt -> {
                    factory.inTransaction(session -> two(session, attempt, () -> new BySequence(attempt.id())));
                }),
                new Work(NAME, "ids of an identity column", "hibernate_identity_id", 2, attempt -> {
                    factory.inTransaction(session -> two(session, attempt, () -> new ByIdentity(attempt.id())));
                }),
                new Work(NAME, "batches of inserts", "hibernate_plain", 4 * BATCH, attempt -> {
                    factory.inTransaction(session -> {
                        for (int i = 0; i < 4 * BATCH; i++) {
                            if (i == 2 * BATCH) {
                                session.flush();
                                attempt.middle();
                            }
                            session.persist(new Plain(attempt.id(), i));
                        }
                    });
                }),
                new Work(NAME, "an optimistic lock that refuses", "hibernate_plain", 1, attempt -> {
                    factory.inTransaction(session -> session.persist(new Plain(attempt.id(), 1)));
                    Plain stale = factory.fromTransaction(session -> session.find(Plain.class, attempt.id() + "-1"));
                    factory.inTransaction(session -> session.find(Plain.class, attempt.id() + "-1").price = 1);
                    mustBeRefused(factory, attempt, stale);
                }));
    }

    private static void two(Session session, Attempt attempt, Supplier<Object> entities) {
        session.persist(entities.get());
        session.flush();
        attempt.middle();
        session.persist(entities.get());
    }

    /** As without a failover. */
    private static void mustBeRefused(SessionFactory factory, Attempt attempt, Plain stale) {
        try {
            factory.inTransaction(session -> {
                session.createSelectionQuery("from Plain where attempt = :a", Plain.class)
                        .setParameter("a", "nobody")
                        .getResultList();
                attempt.middle();
                stale.price = 2;
                session.merge(stale);
            });
        } catch (OptimisticLockException refused) {
            return;
        }
        throw new AssertionError("the stale entity was written");
    }
}
