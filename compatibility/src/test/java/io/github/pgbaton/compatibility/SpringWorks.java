package io.github.pgbaton.compatibility;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.Id;
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
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.orm.jpa.persistenceunit.PersistenceManagedTypes;
import org.springframework.orm.jpa.vendor.HibernateJpaVendorAdapter;
import org.springframework.resilience.annotation.EnableResilientMethods;
import org.springframework.resilience.annotation.Retryable;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;

/** Spring Data JPA, and JdbcTemplate under @Transactional, with and without @Retryable. */
final class SpringWorks {
    private SpringWorks() {}

    @Entity
    @Table(name = "spring_jpa")
    static class Item {
        @Id
        String id;

        @Column(name = "attempt")
        String attempt;

        Item() {}

        Item(String attempt, int number) {
            this.id = attempt + "-" + number;
            this.attempt = attempt;
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
    @EnableTransactionManagement
    @EnableResilientMethods
    @EnableJpaRepositories(considerNestedRepositories = true, transactionManagerRef = "jpa")
    static class Application {
        @Bean
        LocalContainerEntityManagerFactoryBean entityManagerFactory(DataSource pool) {
            LocalContainerEntityManagerFactoryBean factory = new LocalContainerEntityManagerFactoryBean();
            factory.setDataSource(pool);
            factory.setManagedTypes(PersistenceManagedTypes.of(Item.class.getName()));
            factory.setJpaVendorAdapter(new HibernateJpaVendorAdapter());
            factory.setJpaPropertyMap(Map.of("hibernate.hbm2ddl.auto", "update"));
            return factory;
        }

        @Bean
        PlatformTransactionManager jpa(EntityManagerFactory factory) {
            return new JpaTransactionManager(factory);
        }

        @Bean
        PlatformTransactionManager jdbc(DataSource pool) {
            return new JdbcTransactionManager(pool);
        }

        @Bean
        PlatformTransactionManager losing(Losing losing) {
            return new JdbcTransactionManager(losing.pool());
        }

        @Bean
        JpaService jpaService(Items items) {
            return new JpaService(items);
        }

        @Bean
        JdbcService jdbcService(DataSource pool) {
            return new JdbcService(new JdbcTemplate(pool));
        }

        @Bean
        RetryingService retryingService(Losing losing) {
            return new RetryingService(new JdbcTemplate(losing.pool()));
        }
    }

    static List<Work> all(Routes routes) {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        // The routes close it.
        context.registerBean(
                DataSource.class, () -> routes.pool(), definition -> definition.setDestroyMethodName(null));
        Losing losing = new Losing(routes.hikari("&replay=off", 2));
        context.registerBean(Losing.class, () -> losing);
        context.register(Application.class);
        context.refresh();
        routes.closing(context);
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
