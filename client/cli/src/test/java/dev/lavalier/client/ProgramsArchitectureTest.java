package dev.lavalier.client;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Checks the dependencies of docs/architecture.md between the programs and the library. */
@AnalyzeClasses(
    packages = {
      "dev.lavalier.client.cli",
      "dev.lavalier.client.bench",
      "dev.lavalier.client.probe"
    },
    importOptions = ImportOption.DoNotIncludeTests.class)
final class ProgramsArchitectureTest {

  @ArchTest
  static final ArchRule THE_PROGRAMS_TOUCH_THE_SOUND_SYSTEM_THROUGH_THE_LIBRARY =
      noClasses().should().dependOnClassesThat().resideInAPackage("javax.sound..");

  @ArchTest
  static final ArchRule THE_LOAD_GENERATOR_AND_THE_PROBE_DO_NOT_KNOW_THE_PROGRAM =
      noClasses()
          .that()
          .resideInAnyPackage("dev.lavalier.client.bench", "dev.lavalier.client.probe")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.lavalier.client.cli", "picocli..");

  @ArchTest
  static final ArchRule THE_PROGRAM_SPEAKS_THROUGH_THE_LIBRARY_THE_LOAD_GENERATOR_AND_THE_PROBE =
      noClasses()
          .that()
          .resideInAPackage("dev.lavalier.client.cli")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.lavalier.v1",
              "io.grpc..",
              "io.netty..",
              "com.google.protobuf..",
              "org.HdrHistogram..");
}
