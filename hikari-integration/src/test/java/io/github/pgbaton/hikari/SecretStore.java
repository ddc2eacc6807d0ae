package io.github.pgbaton.hikari;

import com.zaxxer.hikari.HikariCredentialsProvider;
import com.zaxxer.hikari.util.Credentials;

/** Gives a pool its credentials; a type of its own, for HikariCP 6 cannot load it. */
public final class SecretStore implements HikariCredentialsProvider {
    @Override
    public Credentials getCredentials() {
        return Credentials.of("app", "from the store");
    }
}
