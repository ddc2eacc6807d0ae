package io.github.pgbaton.testkit;

import java.io.File;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An application that brought all its classes along in its own class loader and has run to its end: nothing here keeps that
 * class loader, so what does is a leak of the application.
 */
public final class Undeployed {
    // PgJDBC's own cleaner may stay for half a minute after the last connection otherwise.
    private static final String CLEANER_TTL = "pgjdbc.config.cleanup.thread.ttl";

    private final WeakReference<ClassLoader> loader;
    private final @Nullable Object returned;

    private Undeployed(ClassLoader loader, @Nullable Object returned) {
        this.loader = new WeakReference<>(loader);
        this.returned = returned;
    }

    /**
     * Runs an application over the class path of this JVM, in a class loader that shares nothing but the JDK's classes with the
     * caller's.
     *
     * @param application has a public static method {@code run}, which takes the arguments
     */
    public static Undeployed after(Class<?> application, String... arguments)
            throws ReflectiveOperationException, IOException {
        Class<?>[] types = new Class<?>[arguments.length];
        Arrays.fill(types, String.class);
        System.setProperty(CLEANER_TTL, "500");
        Thread thread = Thread.currentThread();
        ClassLoader outer = thread.getContextClassLoader();
        try (URLClassLoader own = new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader())) {
            thread.setContextClassLoader(own);
            Class<?> isolated = own.loadClass(application.getName());
            if (isolated.getClassLoader() != own) {
                throw new IllegalStateException(isolated + " is not of the application's class loader");
            }
            return new Undeployed(own, isolated.getMethod("run", types).invoke(null, (Object[]) arguments));
        } finally {
            thread.setContextClassLoader(outer);
            System.clearProperty(CLEANER_TTL);
        }
    }

    private static URL[] classPath() throws MalformedURLException {
        List<URL> urls = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            urls.add(new File(entry).toURI().toURL());
        }
        return urls.toArray(new URL[0]);
    }

    /**
     * Forgets the JDBC drivers of the application that calls it, as a container does: a driver registers itself when it is
     * loaded.
     */
    public static void deregisterDrivers() throws SQLException {
        for (Driver driver : Collections.list(DriverManager.getDrivers())) {
            if (driver.getClass().getClassLoader() == Undeployed.class.getClassLoader()) {
                DriverManager.deregisterDriver(driver);
            }
        }
    }

    /** What the application's {@code run} returned; of a class of the JDK, or it would keep the class loader. */
    public @Nullable Object returned() {
        return returned;
    }

    /** The names of the threads that are of the application's classes or would load further ones. */
    public List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> loader.refersTo(thread.getContextClassLoader())
                        || loader.refersTo(thread.getClass().getClassLoader()))
                .map(Thread::getName)
                .toList();
    }

    /**
     * Collects garbage and says whether the class loader went with it.
     *
     * <p>The JDK remembers the types of the record whose methods it made last, strongly or softly, until it makes those of the
     * next one. So one class loader in the JVM may stay, whoever is undeployed: ask after the next one has been.
     */
    public boolean isCollected() {
        System.gc();
        return loader.refersTo(null);
    }
}
