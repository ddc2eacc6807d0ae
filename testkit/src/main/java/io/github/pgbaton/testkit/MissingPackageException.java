package io.github.pgbaton.testkit;

import java.util.List;

/** A program is not installed; the message holds the exact command that installs it. */
public class MissingPackageException extends ClusterException {
    private static final long serialVersionUID = 1L;

    private final String command;

    public MissingPackageException(List<String> packages) {
        super("The local cluster needs programs that are not installed. Install them with: " + command(packages));
        this.command = command(packages);
    }

    /** The command that installs what is missing. */
    public String command() {
        return command;
    }

    private static String command(List<String> packages) {
        return "apt-get install -y --no-install-recommends " + String.join(" ", packages);
    }
}
