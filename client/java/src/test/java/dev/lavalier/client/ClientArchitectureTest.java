package dev.lavalier.client;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Checks the dependencies of docs/architecture.md inside the library. */
@AnalyzeClasses(
    packages = "dev.lavalier.client",
    importOptions = ImportOption.DoNotIncludeTests.class)
final class ClientArchitectureTest {

  @ArchTest
  static final ArchRule THE_LIBRARY_USES_GRPC_THE_CONTRACT_AND_OPUS_ONLY =
      classes()
          .that()
          .resideInAPackage("dev.lavalier.client")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java..",
              "javax.net.ssl",
              "javax.security.auth.x500",
              "dev.lavalier.client",
              "dev.lavalier.v1",
              "io.grpc..",
              "io.netty..",
              "com.google.protobuf..",
              "io.github.jaredmdobson.concentus",
              "org.jspecify.annotations");

  @ArchTest
  static final ArchRule ONE_PACKAGE_TOUCHES_THE_SOUND_SYSTEM =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.lavalier.client.sound")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("javax.sound..");

  @ArchTest
  static final ArchRule THE_SOUND_PACKAGE_USES_THE_LIBRARY_ONLY =
      classes()
          .that()
          .resideInAPackage("dev.lavalier.client.sound")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java..",
              "javax.sound.sampled",
              "org.jspecify.annotations",
              "dev.lavalier.client",
              "dev.lavalier.client.sound");
}
