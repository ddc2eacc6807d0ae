package io.github.pgbaton.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.github.pgbaton.topology.Topology;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Holds the package ladder of docs/architecture.md: a package imports only from the rungs below its own. */
class PackageLadderTest {
    private static final String ROOT = "io.github.pgbaton";

    /** Lowest first; packages on one rung are siblings and do not import one another. */
    private static final List<List<String>> LADDER = List.of(
            List.of(".topology"),
            List.of(".config"),
            List.of(".event"),
            List.of(".dcs"),
            List.of(".replay", ".pool"),
            List.of(".internal.socket"),
            List.of(".internal.rest", ".internal.probe", ".internal.sql"),
            List.of(".internal.routing"),
            List.of(".internal.outcome"),
            List.of(".internal.replay"),
            List.of(".internal.session"),
            List.of(".internal.jdbc"),
            List.of(""));

    /** This module's own classes only: testkit shares the root package's name. */
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .importUrl(Topology.class.getProtectionDomain().getCodeSource().getLocation());

    @TestFactory
    Stream<DynamicTest> importsOnlyFromBelow() {
        List<DynamicTest> tests = new ArrayList<>();
        for (int rung = 0; rung < LADDER.size(); rung++) {
            for (String own : LADDER.get(rung)) {
                List<String> forbidden = new ArrayList<>();
                for (int other = rung; other < LADDER.size(); other++) {
                    for (String name : LADDER.get(other)) {
                        if (!name.equals(own)) {
                            forbidden.add(ROOT + name);
                        }
                    }
                }
                if (!forbidden.isEmpty()) {
                    tests.add(DynamicTest.dynamicTest(
                            own.isEmpty() ? "root" : own,
                            () -> noClasses()
                                    .that()
                                    .resideInAPackage(ROOT + own)
                                    .should()
                                    .dependOnClassesThat()
                                    .resideInAnyPackage(forbidden.toArray(String[]::new))
                                    .allowEmptyShould(true)
                                    .check(CLASSES)));
                }
            }
        }
        return tests.stream();
    }

    @Test
    void everyPackageHasItsRung() {
        String[] known =
                LADDER.stream().flatMap(List::stream).map(name -> ROOT + name).toArray(String[]::new);
        classes().should().resideInAnyPackage(known).check(CLASSES);
    }

    @Test
    void packagesFormNoCycle() {
        slices().matching(ROOT + ".(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void publicApiNamesNoInternalType() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        ROOT + ".topology",
                        ROOT + ".config",
                        ROOT + ".event",
                        ROOT + ".dcs",
                        ROOT + ".replay",
                        ROOT + ".pool")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(ROOT + ".internal..")
                .check(CLASSES);
    }
}
