package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathExpressionException;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;

/** Tests the POMs of the published artifacts: they have what Maven Central requires. */
final class ReleaseIT {

  /** What a child inherits. */
  private static final List<String> INHERITED =
      List.of(
          "url",
          "licenses/license/name",
          "licenses/license/url",
          "developers/developer/name",
          "scm/connection",
          "scm/url");

  private final XPath xpath = XPathFactory.newInstance().newXPath();

  private static Document pom(String module) throws Exception {
    Path file = ProcessRunner.TOP.resolve(module).resolve("pom.xml");
    return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile());
  }

  private String text(Document pom, String path) throws XPathExpressionException {
    return xpath.evaluate("/project/" + path, pom);
  }

  @ParameterizedTest
  @ValueSource(strings = {"proto", "container", "server", "client/java", "testing"})
  void pomOfJarIsComplete(String module) throws Exception {
    Document pom = pom(module);
    Document parent = pom("");
    assertThat(text(pom, "parent/artifactId")).isEqualTo(text(parent, "artifactId"));
    assertThat(text(pom, "name")).isNotBlank();
    assertThat(text(pom, "description")).isNotBlank();
    assertThat(text(pom, "properties/maven.deploy.skip")).isEmpty();
    for (String path : INHERITED) {
      assertThat(text(parent, path)).as(path).isNotBlank();
      assertThat(text(pom, path)).as(path).isEmpty();
    }
  }

  @Test
  void bomHasTheSameMetadataAsTheParent() throws Exception {
    Document bom = pom("bom");
    Document parent = pom("");
    assertThat(text(bom, "name")).isNotBlank();
    assertThat(text(bom, "description")).isNotBlank();
    assertThat(text(bom, "version")).isEqualTo(text(parent, "version"));
    for (String path : INHERITED) {
      assertThat(text(bom, path)).as(path).isEqualTo(text(parent, path));
    }
    for (String plugin : List.of("clean", "install", "deploy", "gpg")) {
      assertThat(
              text(
                  bom,
                  "descendant::plugin[artifactId='maven-%s-plugin']/version".formatted(plugin)))
          .isEqualTo(text(parent, "properties/%s-plugin.version".formatted(plugin)));
    }
  }

  @Test
  void bomListsThePublishedJars() throws Exception {
    Document bom = pom("bom");
    List<String> artifacts = new ArrayList<>();
    String path = "dependencyManagement/dependencies/dependency[%d]/";
    for (int i = 1; !text(bom, path.formatted(i) + "artifactId").isEmpty(); i++) {
      artifacts.add(text(bom, path.formatted(i) + "artifactId"));
      assertThat(text(bom, path.formatted(i) + "groupId")).isEqualTo("dev.lavalier");
      assertThat(text(bom, path.formatted(i) + "version")).isEqualTo("${project.version}");
    }
    assertThat(artifacts)
        .containsExactlyInAnyOrder(
            "lavalier-proto",
            "lavalier-container",
            "lavalier-client",
            "lavalier-server",
            "lavalier-testing");
  }
}
