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
          .layer("service")
          .definedBy("dev.lavalier.service")
          .layer("netty")
          .definedBy("dev.lavalier.netty")
          .layer("grpc")
          .definedBy("dev.lavalier.grpc")
          .layer("app")
          .definedBy("dev.lavalier.app")
          .whereLayer("app")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("grpc")
          .mayOnlyBeAccessedByLayers("app")
          .whereLayer("service")
          .mayOnlyBeAccessedByLayers("grpc", "app")
          .whereLayer("netty")
          .mayOnlyBeAccessedByLayers("grpc", "app")
          .whereLayer("hub")
          .mayOnlyBeAccessedByLayers("observe", "service", "grpc", "app")
          .whereLayer("access")
          .mayOnlyBeAccessedByLayers("service", "netty", "app")
          .whereLayer("observe")
          .mayOnlyBeAccessedByLayers("app")
          .whereLayer("capture")
          .mayOnlyBeAccessedByLayers("hub", "observe", "service", "app");

  @ArchTest
  static final ArchRule ONLY_CAPTURE_KNOWS_JAVAX_SOUND =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.lavalier.capture")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("javax.sound..");

  @ArchTest
  static final ArchRule ONLY_SERVICE_AND_GRPC_KNOW_THE_CONTRACT =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.lavalier.service", "dev.lavalier.grpc", "dev.lavalier.v1")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.lavalier.v1", "com.google.protobuf..");

  @ArchTest
  static final ArchRule ONLY_GRPC_KNOWS_GRPC =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.lavalier.grpc", "dev.lavalier.v1")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.grpc..");

  @ArchTest
  static final ArchRule ONLY_NETTY_AND_GRPC_KNOW_NETTY =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.lavalier.netty", "dev.lavalier.grpc")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.netty..");

  @ArchTest
  static final ArchRule AUDIO_STANDS_ALONE =
      noClasses()
          .that()
          .resideInAPackage("dev.lavalier.audio")
          .should()
          .dependOnClassesThat()
          .resideOutsideOfPackages("dev.lavalier.audio", "java..");
}
