package io.github.pgbaton.hikari;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** What this module uses of the driver is what every application may use. */
class PublicPackagesOnlyTest {

    @Test
    void nothingInternalIsImported() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.github.pgbaton.internal..")
                .check(new ClassFileImporter()
                        .importUrl(BatonExceptionOverride.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()));
    }
}
