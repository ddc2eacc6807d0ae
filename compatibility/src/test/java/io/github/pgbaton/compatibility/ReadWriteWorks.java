package io.github.pgbaton.compatibility;

import static org.awaitility.Awaitility.await;

import io.github.pgbaton.hikari.ReadWriteDataSource;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.Table;
import java.time.Duration;
import java.util.List;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.orm.jpa.SharedEntityManagerCreator;
import org.springframework.transaction.annotation.Isolation;
import org.springframework.transaction.annotation.Transactional;

/**
 * Spring's {@code @Transactional(readOnly = true)} over a {@link ReadWriteDataSource}: JDBC's transaction manager and JPA's come
 * to a connection in different ways, and either has to be on a replica, and on the primary without {@code readOnly}.
 */
final class ReadWriteWorks {
    private static final String STANDBY = "SELECT pg_is_in_recovery()";

    private ReadWriteWorks() {}

    @Entity(name = "PairNote")
    @Table(name = "pair_jpa")
    static class Note extends SpringContext.Row {
        Note() {}

        Note(String attempt, int number) {
            super(attempt, number);
        }
    }

    /** What both do; {@code number} is that of the row. */
    interface Service {
        void write(Attempt attempt, int number);

        boolean readsOnAStandby();

        void read(Attempt attempt);
    }

    static class JdbcService implements Service {
        private final JdbcTemplate jdbc;

        JdbcService(JdbcTemplate jdbc) {
            this.jdbc = jdbc;
        }

        private void expect(boolean standby) {
            require(jdbc.queryForObject(STANDBY, Boolean.class), standby);
        }

        @Override
        @Transactional("jdbc")
        public void write(Attempt attempt, int number) {
            expect(false);
            jdbc.update("INSERT INTO pair_jdbc VALUES (?)", attempt.id());
        }

        @Override
        @Transactional(transactionManager = "jdbc", readOnly = true)
        public boolean readsOnAStandby() {
            return Boolean.TRUE.equals(jdbc.queryForObject(STANDBY, Boolean.class));
        }

        @Override
        @Transactional(transactionManager = "jdbc", readOnly = true, isolation = Isolation.REPEATABLE_READ)
        public void read(Attempt attempt) {
            expect(true);
            attempt.middle();
            // Where it is now is no matter: its member may have been promoted under it.
            jdbc.queryForList("SELECT attempt FROM pair_jdbc");
        }
    }

    static class JpaService implements Service {
        private final EntityManager entities;

        JpaService(EntityManager entities) {
            this.entities = entities;
        }

        private boolean standby() {
            return (Boolean) entities.createNativeQuery(STANDBY, Boolean.class).getSingleResult();
        }

        @Override
        @Transactional("jpa")
        public void write(Attempt attempt, int number) {
            require(standby(), false);
            entities.persist(new Note(attempt.id(), number));
        }

        @Override
        @Transactional(transactionManager = "jpa", readOnly = true)
        public boolean readsOnAStandby() {
            return standby();
        }

        @Override
        @Transactional(transactionManager = "jpa", readOnly = true, isolation = Isolation.REPEATABLE_READ)
        public void read(Attempt attempt) {
            require(standby(), true);
            attempt.middle();
            entities.createQuery("SELECT n FROM PairNote n", Note.class).getResultList();
        }
    }

    private static void require(Boolean found, boolean standby) {
        if (found != standby) {
            throw new AssertionError("on a standby: " + found + ", expected " + standby);
        }
    }

    @Configuration
    static class Application {
        @Bean
        JpaService jpaService(EntityManagerFactory factory) {
            return new JpaService(SharedEntityManagerCreator.createSharedEntityManager(factory));
        }

        @Bean
        JdbcService jdbcService(JdbcTemplate jdbc) {
            return new JdbcService(jdbc);
        }
    }

    static List<Work> all(Routes routes) {
        ReadWriteDataSource pair = routes.closing(ReadWriteDataSource.create(routes.config("", 4)));
        AnnotationConfigApplicationContext context =
                routes.closing(SpringContext.of(pair, Note.class, Application.class));
        context.refresh();
        new JdbcTemplate(routes.pool()).execute("CREATE TABLE IF NOT EXISTS pair_jdbc (attempt text)");
        return List.of(
                work("Spring JDBC", "pair_jdbc", context.getBean(JdbcService.class)),
                work("Spring and JPA", "pair_jpa", context.getBean(JpaService.class)));
    }

    private static Work work(String with, String table, Service service) {
        // Replicas may follow late after an earlier fault; until then reads are on the primary.
        await().atMost(Duration.ofSeconds(60)).until(service::readsOnAStandby);
        return new Work(
                with,
                "`@Transactional(readOnly = true)` over a `ReadWriteDataSource`, between two writes",
                table,
                2,
                attempt -> {
                    service.write(attempt, 1);
                    service.read(attempt);
                    service.write(attempt, 2);
                });
    }
}
