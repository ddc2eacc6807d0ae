package io.github.pgbaton.config;

import java.sql.SQLDataException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;

/** The two ways in which a configuration fails, both of them non-transient: trying again cannot help. */
final class ConfigErrors {
    private ConfigErrors() {}

    /** @return SQLState 22023, invalid parameter value */
    static SQLException invalidValue(String message) {
        return new SQLDataException(message, "22023");
    }

    /** @return SQLState 08001, no connection can be made with this URL */
    static SQLException unusableUrl(String message) {
        return new SQLNonTransientConnectionException(message, "08001");
    }
}
