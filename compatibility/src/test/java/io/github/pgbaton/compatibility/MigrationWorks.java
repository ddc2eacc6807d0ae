package io.github.pgbaton.compatibility;

import io.github.pgbaton.PostgresUrlDriver;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import liquibase.Contexts;
import liquibase.Liquibase;
import liquibase.change.custom.CustomTaskChange;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.CustomChangeException;
import liquibase.exception.ValidationErrors;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.resource.ResourceAccessor;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationVersion;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.flywaydb.core.api.migration.BaseJavaMigration;
import org.flywaydb.core.api.migration.Context;

/** Flyway, by a data source and by a plain URL, and Liquibase: each migrates a schema of its own. */
final class MigrationWorks {
    private static final Map<String, Attempt> RUNNING = new ConcurrentHashMap<>();

    private MigrationWorks() {}

    static List<Work> all(Routes routes) {
        return List.of(
                new Work(
                        "Flyway",
                        "a migration, by a data source",
                        "{id}.note",
                        3,
                        attempt -> migrate(attempt, Flyway.configure().dataSource(routes.pool()))),
                new Work(
                        "Flyway",
                        "a migration, by a `jdbc:postgresql:` URL and `PostgresUrlDriver`",
                        "{id}.note",
                        3,
                        attempt -> migrate(
                                attempt,
                                Flyway.configure()
                                        .driver(PostgresUrlDriver.class.getName())
                                        .dataSource(routes.plainUrl, routes.user, routes.password))),
                new Work(
                        "Liquibase",
                        "a change set, with its lock",
                        "{id}.note",
                        3,
                        attempt -> liquibase(
                                routes,
                                attempt,
                                () -> DatabaseFactory.getInstance()
                                        .findCorrectDatabaseImplementation(
                                                new JdbcConnection(routes.pool().getConnection())))),
                new Work(
                        "Liquibase",
                        "a change set, with its lock, by a `jdbc:postgresql:` URL and `PostgresUrlDriver`",
                        "{id}.note",
                        3,
                        attempt -> liquibase(
                                routes,
                                attempt,
                                () -> DatabaseFactory.getInstance()
                                        .openDatabase(
                                                routes.plainUrl,
                                                routes.user,
                                                routes.password,
                                                PostgresUrlDriver.class.getName(),
                                                null,
                                                null,
                                                null,
                                                new ClassLoaderResourceAccessor()))));
    }

    private static void migrate(Attempt attempt, FluentConfiguration configuration) {
        configuration
                .schemas(attempt.id())
                .locations(new String[0])
                .javaMigrations(new First(attempt), new Second(attempt))
                .load()
                .migrate();
    }

    private static void createAndBreak(Connection connection, Attempt attempt) throws SQLException {
        String table = attempt.id() + ".note";
        Sql.run(connection, "CREATE TABLE " + table + " (attempt text)");
        Sql.insert(connection, table, attempt);
        attempt.middle();
        Sql.insert(connection, table, attempt);
    }

    private abstract static class Step extends BaseJavaMigration {
        final Attempt attempt;
        private final String number;

        Step(Attempt attempt, String number) {
            this.attempt = attempt;
            this.number = number;
        }

        @Override
        protected void init() {
            // The version is not in the name of the class.
        }

        @Override
        public MigrationVersion getVersion() {
            return MigrationVersion.fromVersion(number);
        }

        @Override
        public String getDescription() {
            return "step";
        }
    }

    private static final class First extends Step {
        First(Attempt attempt) {
            super(attempt, "1");
        }

        @Override
        public void migrate(Context context) throws SQLException {
            createAndBreak(context.getConnection(), attempt);
        }
    }

    private static final class Second extends Step {
        Second(Attempt attempt) {
            super(attempt, "2");
        }

        @Override
        public void migrate(Context context) throws SQLException {
            Sql.insert(context.getConnection(), attempt.id() + ".note", attempt);
        }
    }

    private static void liquibase(Routes routes, Attempt attempt, Callable<Database> connecting) throws Exception {
        RUNNING.put(attempt.id(), attempt);
        try (Connection connection = routes.pool().getConnection()) {
            Sql.run(connection, "CREATE SCHEMA " + attempt.id());
        }
        Database database = connecting.call();
        // Closes the database too.
        try (Liquibase liquibase =
                new Liquibase("compatibility-changelog.xml", new ClassLoaderResourceAccessor(), database)) {
            database.setDefaultSchemaName(attempt.id());
            database.setLiquibaseSchemaName(attempt.id());
            liquibase.setChangeLogParameter("attempt", attempt.id());
            liquibase.update(new Contexts());
        }
        try (Connection connection = routes.pool().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT bool_or(locked) FROM " + attempt.id() + ".databasechangeloglock")) {
            row.next();
            if (row.getBoolean(1)) {
                throw new AssertionError("Liquibase has left its lock");
            }
        }
    }

    /** The change in whose middle the cluster breaks; made by Liquibase from the change log. */
    public static final class Change implements CustomTaskChange {
        private String attempt;

        public void setAttempt(String attempt) {
            this.attempt = attempt;
        }

        @Override
        public void execute(Database database) throws CustomChangeException {
            try {
                createAndBreak(
                        ((JdbcConnection) database.getConnection()).getUnderlyingConnection(), RUNNING.get(attempt));
            } catch (SQLException e) {
                throw new CustomChangeException(e);
            }
        }

        @Override
        public String getConfirmationMessage() {
            return "made";
        }

        @Override
        public void setUp() {}

        @Override
        public void setFileOpener(ResourceAccessor files) {}

        @Override
        public ValidationErrors validate(Database database) {
            return new ValidationErrors();
        }
    }
}
