package io.github.pgbaton.examples;

import io.github.pgbaton.internal.outcome.LedgerSql;
import io.github.pgbaton.internal.outcome.LedgerStatus;
import io.github.pgbaton.internal.outcome.Purger;
import io.github.pgbaton.internal.probe.Deadline;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.postgresql.jdbc.PgConnection;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Creates, shows and purges the ledger of one database; it changes nothing but the schema {@code pgbaton}. */
@Command(
        name = "./run ledger",
        description = "The ledger by which a COMMIT that was cut off is found again.",
        subcommands = {LedgerTool.Create.class, LedgerTool.Status.class, LedgerTool.Purge.class})
public final class LedgerTool implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this text.")
    private boolean help;

    @Override
    public Integer call() {
        throw new ParameterException(Objects.requireNonNull(spec).commandLine(), "say create, status or purge");
    }

    public static void main(String[] arguments) {
        System.exit(run(arguments, null));
    }

    static int run(String[] arguments, @Nullable PrintWriter out) {
        CommandLine line = new CommandLine(new LedgerTool());
        if (out != null) {
            line.setOut(out).setErr(out);
        }
        line.setExecutionExceptionHandler((failure, command, result) -> {
            command.getErr().println(failure.getMessage());
            return 1;
        });
        return line.execute(arguments);
    }

    /** What all three have in common: where the database is, and as whom. */
    abstract static class OnDatabase implements Callable<Integer> {
        @Spec
        private @Nullable CommandSpec spec;

        @Option(
                names = {"-h", "--help"},
                usageHelp = true,
                description = "Print this text.")
        private boolean help;

        @Option(
                names = "--url",
                required = true,
                paramLabel = "URL",
                description = "The database, as jdbc:pgbaton:postgresql:... or jdbc:postgresql:...")
        private String url = "";

        @Option(names = "--user", paramLabel = "ROLE", description = "Who connects; default: the URL's, or PGUSER.")
        private @Nullable String user;

        @Option(
                names = "--password",
                paramLabel = "PASSWORD",
                interactive = true,
                arity = "0",
                description = "Ask for the password; default: the URL's, or PGPASSWORD.")
        private char @Nullable [] password;

        @Override
        public Integer call() throws SQLException {
            Properties given = new Properties();
            put(given, "user", user, "PGUSER");
            put(given, "password", password == null ? null : new String(password), "PGPASSWORD");
            // A ledger that does not exist yet must not keep us from creating it.
            String neutral = url.replaceAll("(?<=[?&])commitOutcome=[^&]*&?", "");
            try (Connection connection = DriverManager.getConnection(neutral, given)) {
                return on(connection.unwrap(PgConnection.class), out());
            }
        }

        private static void put(Properties given, String name, @Nullable String value, String variable) {
            String known = value == null ? System.getenv(variable) : value;
            if (known != null) {
                given.setProperty(name, known);
            }
        }

        PrintWriter out() {
            return Objects.requireNonNull(spec).commandLine().getOut();
        }

        ParameterException refuse(String why) {
            return new ParameterException(Objects.requireNonNull(spec).commandLine(), why);
        }

        abstract int on(PgConnection session, PrintWriter out) throws SQLException;
    }

    @Command(
            name = "create",
            description =
                    "Creates the ledger, or brings privileges and retention of an existing one up to date. The role"
                            + " needs CREATE on the database, and owns the ledger from then on.")
    static final class Create extends OnDatabase {
        @Option(
                names = "--retention",
                paramLabel = "T",
                defaultValue = "2h",
                description =
                        "How long rows are kept: a number with m or h; default ${DEFAULT-VALUE}. A COMMIT is looked up"
                                + " only while it is younger than half of it.")
        private String retention = "2h";

        @Option(
                names = "--grant-to",
                split = ",",
                paramLabel = "ROLE",
                description = "Which roles commit through pgbaton; default: every role.")
        private List<String> roles = List.of();

        @Option(names = "--print", description = "Print the SQL, and run nothing.")
        private boolean print;

        @Override
        public Integer call() throws SQLException {
            if (!print) {
                return super.call();
            }
            out().print(sql());
            out().flush();
            return 0;
        }

        @Override
        int on(PgConnection session, PrintWriter out) throws SQLException {
            try (Statement statement = session.createStatement()) {
                statement.execute(sql());
            }
            return show(session, out);
        }

        private String sql() {
            if (!retention.matches("[0-9]{1,6}[mh]")) {
                throw refuse("--retention " + retention + " is not a whole number with m or h, such as 90m or 2h");
            }
            try {
                return LedgerSql.create(Duration.parse("PT" + retention), roles);
            } catch (IllegalArgumentException e) {
                throw refuse(String.valueOf(e.getMessage()));
            }
        }
    }

    @Command(
            name = "status",
            description = "Says whether this role can use the ledger, and what is in it; exits with 1 where it cannot.")
    static final class Status extends OnDatabase {
        @Override
        int on(PgConnection session, PrintWriter out) throws SQLException {
            return show(session, out);
        }
    }

    @Command(name = "purge", description = "Takes old rows out now; the driver does so by itself while it commits.")
    static final class Purge extends OnDatabase {
        @Override
        int on(PgConnection session, PrintWriter out) throws SQLException {
            out.println(Purger.purge(session, Deadline.in(Duration.ofMinutes(10))) + " rows purged");
            return 0;
        }
    }

    private static int show(PgConnection session, PrintWriter out) throws SQLException {
        LedgerStatus status = LedgerStatus.of(session, Deadline.in(Duration.ofSeconds(30)));
        if (status instanceof LedgerStatus.Unusable unusable) {
            out.println("not usable: " + unusable.reason());
            return 1;
        }
        LedgerStatus.Usable usable = (LedgerStatus.Usable) status;
        out.println("usable; rows are kept for " + usable.retention().toSeconds() + " s"
                + (usable.purgeable() ? "" : "; this role may not purge it"));
        try (Statement statement = session.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT count(*) FILTER (WHERE kind <> 't'), count(*) FILTER (WHERE kind = 't'),"
                                + " pg_size_pretty(pg_total_relation_size('pgbaton.tx')) FROM pgbaton.tx")) {
            row.next();
            out.println(row.getLong(1) + " transactions, " + row.getLong(2) + " tombstones, " + row.getString(3));
        }
        return 0;
    }
}
