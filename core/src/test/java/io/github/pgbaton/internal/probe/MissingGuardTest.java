package io.github.pgbaton.internal.probe;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** A driver that runs without one of its guards does not keep that to itself. */
class MissingGuardTest {
    private final Logger logger = (Logger) LoggerFactory.getLogger(MissingGuard.class);
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

    @BeforeEach
    void listen() {
        // This JVM's own is loaded by now, and keeps its guards.
        assertThat(MissingGuard.TOMBSTONE || MissingGuard.BARRIER || MissingGuard.DIGEST)
                .isFalse();
        lines.start();
        logger.addAppender(lines);
    }

    @AfterEach
    void leave() {
        System.clearProperty(MissingGuard.PROPERTY);
        logger.detachAppender(lines);
    }

    /** The class once more, as another JVM loads it. */
    private static final class Anew extends ClassLoader {
        static boolean isMissing(String guard) throws ReflectiveOperationException {
            return Class.forName(MissingGuard.class.getName(), true, new Anew())
                    .getField(guard.toUpperCase(java.util.Locale.ROOT))
                    .getBoolean(null);
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.equals(MissingGuard.class.getName())) {
                return super.loadClass(name, resolve);
            }
            try (InputStream in = MissingGuardTest.class.getResourceAsStream("MissingGuard.class")) {
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tombstone", "barrier", "digest"})
    void guardThatIsTakenAwayIsToldAsAnError(String guard) throws Exception {
        System.setProperty(MissingGuard.PROPERTY, guard);

        assertThat(Anew.isMissing(guard)).isTrue();
        assertThat(lines.list).singleElement().satisfies(line -> {
            assertThat(line.getLevel()).isEqualTo(Level.ERROR);
            assertThat(line.getFormattedMessage())
                    .contains(MissingGuard.PROPERTY + " is set to " + guard)
                    .contains("applied twice");
        });
    }

    @Test
    void valueThatNamesNoneIsToldToo() throws Exception {
        System.setProperty(MissingGuard.PROPERTY, "tombstones");

        assertThat(Anew.isMissing("tombstone")).isFalse();
        assertThat(lines.list)
                .singleElement()
                .satisfies(line -> assertThat(line.getFormattedMessage()).contains("none is taken away"));
    }

    @Test
    void nothingIsSaidWhereNothingIsSet() throws Exception {
        assertThat(Anew.isMissing("tombstone")).isFalse();
        assertThat(lines.list).isEmpty();
    }
}
