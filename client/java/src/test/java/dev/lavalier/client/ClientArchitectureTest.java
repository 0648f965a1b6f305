package dev.lavalier.client;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows of docs/architecture.md. */
@AnalyzeClasses(
    packages = "dev.lavalier.client",
    importOptions = ImportOption.DoNotIncludeTests.class)
final class ClientArchitectureTest {

  @ArchTest
  static final ArchRule THE_LIBRARY_DOES_NOT_KNOW_WHAT_IS_BUILT_ON_IT =
      noClasses()
          .that()
          .resideInAPackage("dev.lavalier.client")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.lavalier.client.cli",
              "dev.lavalier.client.bench",
              "dev.lavalier.client.sound",
              "picocli..",
              "org.HdrHistogram..");

  @ArchTest
  static final ArchRule ONE_PACKAGE_TOUCHES_THE_SOUND_SYSTEM =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.lavalier.client.sound")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("javax.sound..");

  @ArchTest
  static final ArchRule THE_SOUND_PACKAGE_KNOWS_THE_LIBRARY_ALONE =
      noClasses()
          .that()
          .resideInAPackage("dev.lavalier.client.sound")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.lavalier.client.cli",
              "dev.lavalier.client.bench",
              "dev.lavalier.v1",
              "io.grpc..",
              "picocli..");

  @ArchTest
  static final ArchRule THE_LOAD_GENERATOR_DOES_NOT_KNOW_THE_PROGRAM =
      noClasses()
          .that()
          .resideInAPackage("dev.lavalier.client.bench")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.lavalier.client.cli", "picocli..");

  @ArchTest
  static final ArchRule THE_PROGRAM_SPEAKS_THROUGH_THE_LIBRARY_AND_THE_LOAD_GENERATOR =
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
