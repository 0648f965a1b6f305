package dev.lavalier;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Checks the package dependencies that docs/architecture.md shows. */
@AnalyzeClasses(packages = "dev.lavalier", importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {

  @ArchTest
  static final ArchRule PACKAGES_DEPEND_IN_ONE_DIRECTION =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("common")
          .definedBy("dev.lavalier.common")
          .layer("audio")
          .definedBy("dev.lavalier.audio")
          .layer("capture")
          .definedBy("dev.lavalier.capture")
          .layer("line")
          .definedBy("dev.lavalier.capture.line")
          .layer("javasound")
          .definedBy("dev.lavalier.capture.javasound")
          .layer("virtual")
          .definedBy("dev.lavalier.capture.virtual")
          .layer("script")
          .definedBy("dev.lavalier.capture.script")
          .layer("pipeline")
          .definedBy("dev.lavalier.pipeline")
          .layer("container")
          .definedBy("dev.lavalier.container")
          .layer("flac")
          .definedBy("dev.lavalier.codec.flac")
          .layer("opus")
          .definedBy("dev.lavalier.codec.opus")
          .layer("hub")
          .definedBy("dev.lavalier.hub")
          .layer("access")
          .definedBy("dev.lavalier.access")
          .layer("observe")
          .definedBy("dev.lavalier.observe")
          .layer("service")
          .definedBy("dev.lavalier.service")
          .layer("netty")
          .definedBy("dev.lavalier.netty")
          .layer("grpc")
          .definedBy("dev.lavalier.grpc")
          .layer("web")
          .definedBy("dev.lavalier.web")
          .layer("fleet")
          .definedBy("dev.lavalier.fleet")
          .layer("nats")
          .definedBy("dev.lavalier.fleet.nats")
          .layer("app")
          .definedBy("dev.lavalier.app")
          .whereLayer("common")
          .mayNotAccessAnyLayer()
          .whereLayer("audio")
          .mayOnlyAccessLayers("common")
          .whereLayer("capture")
          .mayOnlyAccessLayers("audio", "common")
          .whereLayer("line")
          .mayOnlyAccessLayers("capture", "audio", "common")
          .whereLayer("javasound")
          .mayOnlyAccessLayers("line", "capture", "audio", "common")
          .whereLayer("virtual")
          .mayOnlyAccessLayers("line", "capture", "audio", "common")
          .whereLayer("script")
          .mayOnlyAccessLayers("virtual", "line", "capture", "audio", "common")
          .whereLayer("pipeline")
          .mayOnlyAccessLayers("capture", "audio", "common")
          .whereLayer("container")
          .mayNotAccessAnyLayer()
          .whereLayer("flac")
          .mayOnlyAccessLayers("container", "pipeline", "capture", "audio", "common")
          .whereLayer("opus")
          .mayOnlyAccessLayers("container", "pipeline", "capture", "audio", "common")
          .whereLayer("hub")
          .mayOnlyAccessLayers("pipeline", "capture", "audio", "common")
          .whereLayer("access")
          .mayOnlyAccessLayers("common")
          .whereLayer("observe")
          .mayOnlyAccessLayers("fleet", "hub", "pipeline", "capture", "audio", "common")
          .whereLayer("service")
          .mayOnlyAccessLayers("hub", "pipeline", "capture", "access", "audio", "common")
          .whereLayer("netty")
          .mayOnlyAccessLayers("access", "common")
          .whereLayer("grpc")
          .mayOnlyAccessLayers("service", "netty", "hub", "capture", "access", "audio", "common")
          .whereLayer("web")
          .mayOnlyAccessLayers(
              "service", "netty", "hub", "capture", "access", "audio", "container", "common")
          .whereLayer("fleet")
          .mayOnlyAccessLayers("hub", "pipeline", "capture", "audio", "common")
          .whereLayer("nats")
          .mayOnlyAccessLayers("fleet", "access", "common")
          .whereLayer("app")
          .mayNotBeAccessedByAnyLayer()
          .ensureAllClassesAreContainedInArchitectureIgnoring(
              "dev.lavalier.v1", "dev.lavalier.fleet.v1");

  @ArchTest
  static final ArchRule ONLY_ONE_SOURCE_KNOWS_JAVAX_SOUND =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.lavalier.capture.javasound")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("javax.sound..");

  @ArchTest
  static final ArchRule ONLY_SERVICE_AND_TRANSPORTS_KNOW_THE_CONTRACT =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.lavalier.service", "dev.lavalier.grpc", "dev.lavalier.web", "dev.lavalier.v1")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.lavalier.v1");

  @ArchTest
  static final ArchRule ONLY_FLEET_KNOWS_ITS_MESSAGES =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.lavalier.fleet", "dev.lavalier.fleet.v1")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.lavalier.fleet.v1");

  @ArchTest
  static final ArchRule ONLY_PACKAGES_WITH_MESSAGES_KNOW_PROTOBUF =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.lavalier.service",
              "dev.lavalier.grpc",
              "dev.lavalier.web",
              "dev.lavalier.fleet",
              "dev.lavalier.v1",
              "dev.lavalier.fleet.v1")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("com.google.protobuf..");

  @ArchTest
  static final ArchRule ONLY_GRPC_KNOWS_GRPC =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.lavalier.grpc", "dev.lavalier.v1")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.grpc..");

  @ArchTest
  static final ArchRule ONLY_NETTY_AND_TRANSPORTS_KNOW_NETTY =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.lavalier.netty", "dev.lavalier.grpc", "dev.lavalier.web")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.netty..");

  @ArchTest
  static final ArchRule ONLY_OPUS_KNOWS_CONCENTUS =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.lavalier.codec.opus")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.github.jaredmdobson..");

  @ArchTest
  static final ArchRule ONLY_THE_LINK_OVER_NATS_KNOWS_NATS =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.lavalier.fleet.nats")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.nats..");

  @ArchTest
  static final ArchRule AUDIO_STANDS_ALONE =
      noClasses()
          .that()
          .resideInAPackage("dev.lavalier.audio")
          .should()
          .dependOnClassesThat()
          .resideOutsideOfPackages(
              "dev.lavalier.audio", "dev.lavalier.common", "java..", "org.jspecify..");
}
