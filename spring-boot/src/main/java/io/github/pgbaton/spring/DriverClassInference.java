package io.github.pgbaton.spring;

import io.github.pgbaton.BatonDriver;
import io.github.pgbaton.config.JdbcUrl;
import java.util.Set;
import org.springframework.beans.BeanWrapper;
import org.springframework.beans.PropertyAccessorFactory;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.util.StringUtils;

/**
 * Names the driver class where the URL is pgbaton's and the application names none: Boot infers it from prefixes that it
 * knows, and fails for any other.
 *
 * <p>Looks at every {@code DataSourceProperties} bean, those of second data sources with a prefix of their own among them,
 * which a property in the environment would not reach. By its name, for it has one in Boot 3 and another in Boot 4.
 */
final class DriverClassInference implements BeanPostProcessor {
    private static final Set<String> PROPERTIES = Set.of(
            "org.springframework.boot.autoconfigure.jdbc.DataSourceProperties",
            "org.springframework.boot.jdbc.autoconfigure.DataSourceProperties");

    @Override
    public Object postProcessBeforeInitialization(Object bean, String name) {
        if (isDataSourceProperties(bean.getClass())) {
            BeanWrapper properties = PropertyAccessorFactory.forBeanPropertyAccess(bean);
            if (properties.getPropertyValue("url") instanceof String url
                    && JdbcUrl.accepts(url)
                    && !StringUtils.hasText((String) properties.getPropertyValue("driverClassName"))) {
                properties.setPropertyValue("driverClassName", BatonDriver.class.getName());
            }
        }
        return bean;
    }

    private static boolean isDataSourceProperties(Class<?> type) {
        for (Class<?> c = type; c != null; c = c.getSuperclass()) {
            if (PROPERTIES.contains(c.getName())) {
                return true;
            }
        }
        return false;
    }
}
