package dev.lavalier;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows of docs/architecture.md. */
@AnalyzeClasses(packages = "dev.lavalier", importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {

  @ArchTest
  static final ArchRule PACKAGES_POINT_ONE_WAY =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .withOptionalLayers(true)
          .layer("audio")
          .definedBy("dev.lavalier.audio")
          .layer("capture")
          .definedBy("dev.lavalier.capture")
          .layer("hub")
          .definedBy("dev.lavalier.hub")
          .layer("access")
          .definedBy("dev.lavalier.access")
          .layer("observe")
          .definedBy("dev.lavalier.observe..")
          .layer("grpc")
          .definedBy("dev.lavalier.grpc")
          .layer("app")
          .definedBy("dev.lavalier.app")
          .whereLayer("app")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("grpc")
          .mayOnlyBeAccessedByLayers("app")
          .whereLayer("hub")
          .mayOnlyBeAccessedByLayers("observe", "grpc", "app")
          .whereLayer("access")
          .mayOnlyBeAccessedByLayers("grpc", "app")
          .whereLayer("observe")
          .mayOnlyBeAccessedByLayers("app")
          .whereLayer("capture")
          .mayOnlyBeAccessedByLayers("hub", "observe", "grpc", "app");

  @ArchTest
  static final ArchRule ONLY_CAPTURE_KNOWS_JAVAX_SOUND =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.lavalier.capture")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("javax.sound..");

  @ArchTest
  static final ArchRule ONLY_GRPC_KNOWS_THE_WIRE =
      noClasses()
          .that()
          .resideInAnyPackage(
              "dev.lavalier.audio",
              "dev.lavalier.capture",
              "dev.lavalier.hub",
              "dev.lavalier.access",
              "dev.lavalier.app")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.lavalier.v1", "io.grpc..", "com.google.protobuf..", "io.netty..");

  @ArchTest
  static final ArchRule AUDIO_STANDS_ALONE =
      noClasses()
          .that()
          .resideInAPackage("dev.lavalier.audio")
          .should()
          .dependOnClassesThat()
          .resideOutsideOfPackages("dev.lavalier.audio", "java..");
}
