package io.github.pgbaton.compatibility;

import jakarta.persistence.Column;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.Id;
import jakarta.persistence.MappedSuperclass;
import java.util.Map;
import javax.sql.DataSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.orm.jpa.persistenceunit.PersistenceManagedTypes;
import org.springframework.orm.jpa.vendor.HibernateJpaVendorAdapter;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;

/**
 * What Spring's works have in common: one data source, which outlives the context, and over it the transaction managers of JDBC
 * ({@code jdbc}) and of JPA ({@code jpa}), the latter with one entity.
 */
final class SpringContext {
    private SpringContext() {}

    /** An entity's columns, by which the rows of an attempt are found. */
    @MappedSuperclass
    abstract static class Row {
        @Id
        String id;

        @Column(name = "attempt")
        String attempt;

        Row() {}

        Row(String attempt, int number) {
            this.id = attempt + "-" + number;
            this.attempt = attempt;
        }
    }

    @Configuration
    @EnableTransactionManagement(proxyTargetClass = true)
    static class Managers {
        @Bean
        LocalContainerEntityManagerFactoryBean entityManagerFactory(
                DataSource source, PersistenceManagedTypes entities) {
            LocalContainerEntityManagerFactoryBean factory = new LocalContainerEntityManagerFactoryBean();
            factory.setDataSource(source);
            factory.setManagedTypes(entities);
            factory.setJpaVendorAdapter(new HibernateJpaVendorAdapter());
            factory.setJpaPropertyMap(Map.of("hibernate.hbm2ddl.auto", "update"));
            return factory;
        }

        @Bean
        PlatformTransactionManager jpa(EntityManagerFactory factory) {
            return new JpaTransactionManager(factory);
        }

        @Bean
        PlatformTransactionManager jdbc(DataSource source) {
            return new JdbcTransactionManager(source);
        }

        @Bean
        JdbcTemplate jdbcTemplate(DataSource source) {
            return new JdbcTemplate(source);
        }
    }

    /** @param application of this work alone; everything that it needs beside the managers is registered before it is refreshed */
    static AnnotationConfigApplicationContext of(DataSource source, Class<? extends Row> entity, Class<?> application) {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        // The routes close it.
        context.registerBean(DataSource.class, () -> source, definition -> definition.setDestroyMethodName(null));
        context.registerBean(
                PersistenceManagedTypes.class, () -> PersistenceManagedTypes.of(entity.getName(), Row.class.getName()));
        context.register(Managers.class, application);
        return context;
    }
}
