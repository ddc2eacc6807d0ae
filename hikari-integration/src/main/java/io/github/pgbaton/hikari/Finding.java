package io.github.pgbaton.hikari;

import java.util.Objects;

/**
 * One setting of a pool that stands in the way of a failover, or was changed for it; an immutable value without secrets.
 *
 * @param kind whether somebody has to do something about it
 * @param setting its name in HikariCP's or pgbaton's configuration, as {@code connectionTimeout}
 * @param problem what it leads to, as a clause with the value in question
 * @param fix what to set instead, as a clause; for {@link Kind#CHANGED} what keeps it from being changed
 */
public record Finding(Kind kind, String setting, String problem, String fix) {

    /** Whether somebody has to do something about it. */
    public enum Kind {
        /** Set by somebody, left as it is, and in the way of a failover. */
        WARNING,
        /** HikariCP's default, replaced by {@link BatonHikari#customize}. */
        CHANGED
    }

    public Finding {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(setting, "setting");
        Objects.requireNonNull(problem, "problem");
        Objects.requireNonNull(fix, "fix");
    }

    /** In one line, for the log. */
    @Override
    public String toString() {
        return setting + ": " + problem + "; " + fix;
    }
}
