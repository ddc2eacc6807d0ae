package io.github.pgbaton.compatibility;

import jakarta.persistence.Entity;
import jakarta.persistence.Table;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.ConcurrencyFailureException;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.config.EnableJpaRepositories;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.resilience.annotation.EnableResilientMethods;
import org.springframework.resilience.annotation.Retryable;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.annotation.Transactional;

/** Spring Data JPA, and JdbcTemplate under @Transactional, with and without @Retryable. */
final class SpringWorks {
    private SpringWorks() {}

    @Entity
    @Table(name = "spring_jpa")
    static class Item extends SpringContext.Row {
        Item() {}

        Item(String attempt, int number) {
            super(attempt, number);
        }
    }

    interface Items extends JpaRepository<Item, String> {
        List<Item> findByAttempt(String attempt);
    }

    static class JpaService {
        private final Items items;

        JpaService(Items items) {
            this.items = items;
        }

        @Transactional("jpa")
        public void work(Attempt attempt) {
            items.saveAndFlush(new Item(attempt.id(), 1));
            int before = items.findByAttempt(attempt.id()).size();
            attempt.middle();
            items.save(new Item(attempt.id(), 2));
            if (before != 1 || items.findByAttempt(attempt.id()).size() != 2) {
                throw new AssertionError("not what was written");
            }
        }
    }

    static class JdbcService {
        private final JdbcTemplate jdbc;

        JdbcService(JdbcTemplate jdbc) {
            this.jdbc = jdbc;
        }

        @Transactional("jdbc")
        public void work(Attempt attempt) {
            jdbc.update("INSERT INTO spring_jdbc VALUES (?)", attempt.id());
            jdbc.queryForObject("SELECT count(*) FROM spring_jdbc WHERE attempt = ?", Integer.class, attempt.id());
            attempt.middle();
            jdbc.update("INSERT INTO spring_jdbc VALUES (?)", attempt.id());
        }
    }

    static class RetryingService {
        private final JdbcTemplate jdbc;
        private final Map<String, Integer> calls = new ConcurrentHashMap<>();

        RetryingService(JdbcTemplate jdbc) {
            this.jdbc = jdbc;
        }

        @Retryable(includes = ConcurrencyFailureException.class, maxRetries = 5)
        @Transactional("losing")
        public void work(Attempt attempt) {
            calls.merge(attempt.id(), 1, Integer::sum);
            jdbc.update("INSERT INTO spring_retry VALUES (?)", attempt.id());
            attempt.middle();
            jdbc.update("INSERT INTO spring_retry VALUES (?)", attempt.id());
        }

        /** Not in a transaction: where the driver replayed, this would see one call. */
        public void requireRetries(Attempt attempt) {
            if (calls.getOrDefault(attempt.id(), 0) < 2) {
                throw new AssertionError("nothing was retried: " + calls);
            }
        }
    }

    /** A pool without replay: there a failover is a 40001 for certain. */
    record Losing(DataSource pool) {}

    @Configuration
    @EnableResilientMethods
    @EnableJpaRepositories(considerNestedRepositories = true, transactionManagerRef = "jpa")
    static class Application {
        @Bean
        PlatformTransactionManager losing(Losing losing) {
            return new JdbcTransactionManager(losing.pool());
        }

        @Bean
        JpaService jpaService(Items items) {
            return new JpaService(items);
        }

        @Bean
        JdbcService jdbcService(JdbcTemplate jdbc) {
            return new JdbcService(jdbc);
        }

        @Bean
        RetryingService retryingService(Losing losing) {
            return new RetryingService(new JdbcTemplate(losing.pool()));
        }
    }

    static List<Work> all(Routes routes) {
        Losing losing = new Losing(routes.hikari("&replay=off", 2));
        AnnotationConfigApplicationContext context =
                routes.closing(SpringContext.of(routes.pool(), Item.class, Application.class));
        context.registerBean(Losing.class, () -> losing);
        context.refresh();
        JdbcTemplate jdbc = new JdbcTemplate(routes.pool());
        jdbc.execute("CREATE TABLE IF NOT EXISTS spring_jdbc (attempt text)");
        jdbc.execute("CREATE TABLE IF NOT EXISTS spring_retry (attempt text)");

        JpaService jpaService = context.getBean(JpaService.class);
        JdbcService jdbcService = context.getBean(JdbcService.class);
        RetryingService retryingService = context.getBean(RetryingService.class);
        return List.of(
                new Work("Spring Data JPA", "a repository under `@Transactional`", "spring_jpa", 2, jpaService::work),
                new Work("Spring JDBC", "`JdbcTemplate` under `@Transactional`", "spring_jdbc", 2, jdbcService::work),
                new Work(
                        "Spring JDBC",
                        "the same with `replay=off` and `@Retryable` on `ConcurrencyFailureException`",
                        "spring_retry",
                        2,
                        attempt -> {
                            retryingService.work(attempt);
                            retryingService.requireRetries(attempt);
                        }));
    }
}
