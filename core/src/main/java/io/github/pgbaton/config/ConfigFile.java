package io.github.pgbaton.config;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The file that {@link BatonProperty#BATON_CONFIG} names; everything given elsewhere wins over it.
 *
 * <p>As strict as a URL, because nobody but its author writes into it: a name that is not known is refused. It is read
 * anew for each physical connection, so that a corrected file needs no restart.
 */
final class ConfigFile {
    private static final String KEY = BatonProperty.BATON_CONFIG.key();

    private ConfigFile() {}

    /**
     * @param url whose parameters may name the file
     * @param info where the file may be named too
     * @return a new copy of {@code info} with the file's entries beneath it; {@code info} itself where no file is named
     * @throws SQLException 22023 where the file cannot be read, or holds what is not accepted
     */
    static Properties under(JdbcUrl url, Properties info) throws SQLException {
        Path file = named(url, info);
        if (file == null) {
            return info;
        }
        Properties merged = read(file);
        info.stringPropertyNames().forEach(name -> merged.setProperty(name, info.getProperty(name, "")));
        // What is no string is refused later, by the name of its property.
        merged.putAll(info);
        return merged;
    }

    private static @Nullable Path named(JdbcUrl url, Properties info) throws SQLException {
        String inUrl = url.parameters().get(KEY);
        String name = inUrl != null ? inUrl : info.getProperty(KEY);
        if (name == null) {
            return null;
        }
        Settings settings = new Settings();
        settings.put(BatonProperty.BATON_CONFIG, name);
        try {
            return settings.file(BatonProperty.BATON_CONFIG);
        } catch (InvalidSettingException e) {
            throw ConfigErrors.invalidValue(String.valueOf(e.getMessage()));
        }
    }

    private static Properties read(Path file) throws SQLException {
        Properties entries = new Properties();
        try (Reader in = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            entries.load(in);
        } catch (IOException | IllegalArgumentException e) {
            // Without its text, which may quote the file.
            throw refused(file, "is not a Java properties file in UTF-8 that can be read");
        }
        for (String name : entries.stringPropertyNames()) {
            if (name.equals(KEY)) {
                throw refused(file, "names another file; accepted there: every property but batonConfig");
            }
            if (PgParameters.ADDRESS.contains(name)) {
                throw refused(file, "holds " + name + "; accepted: members in the URL, or etcd or patroni");
            }
            if (!PgParameters.isKnown(name)) {
                throw refused(
                        file,
                        "holds an unknown property "
                                + InvalidSettingException.quote(name)
                                + PgParameters.nearest(name)
                                        .map(known -> ", did you mean " + known + "?")
                                        .orElse("; neither pgbaton nor PgJDBC has one of that name"));
            }
        }
        return entries;
    }

    private static SQLException refused(Path file, String why) {
        return ConfigErrors.invalidValue(KEY + "=" + InvalidSettingException.quote(file.toString()) + " " + why);
    }
}
