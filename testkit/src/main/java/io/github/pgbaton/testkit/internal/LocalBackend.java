package io.github.pgbaton.testkit.internal;

import io.github.pgbaton.testkit.PatroniCluster;
import java.nio.file.Path;

/** Makes clusters of local processes; leaves nothing behind when that fails. */
record LocalBackend() implements Backend {
    @Override
    public PatroniCluster start(Settings settings) {
        Programs programs = Programs.find(settings, Path.of("/usr/lib/postgresql"));
        Site site = new SiteFinder(Path.of(System.getProperty("java.io.tmpdir"))).claim(settings);
        Guardian guardian = Guardian.start(site);
        try {
            Configuration configuration =
                    new Configuration(settings, site, programs.postgresBin().toString());
            Firewall firewall = Firewall.open(settings, site);
            Units units = Units.local(settings, site, configuration, programs);
            Observer observer = new Observer(settings, site);
            return Startup.run(
                    settings,
                    units,
                    observer,
                    configuration,
                    () -> new RunningCluster(settings, site, units, observer, firewall, guardian::close));
        } catch (RuntimeException e) {
            guardian.close();
            throw e;
        }
    }
}
