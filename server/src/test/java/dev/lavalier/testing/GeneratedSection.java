package dev.lavalier.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A part of a page that is generated from the code. It stands between the lines {@code <!--
 * generated:NAME -->} and {@code <!-- /generated -->}.
 */
public final class GeneratedSection {

  private static final String END = "<!-- /generated -->";
  private static final String UPDATE =
      "mvn -q test -Dtest=GeneratedDocsTest -Ddocs.update -Dsurefire.failIfNoSpecifiedTests=false";

  private GeneratedSection() {}

  /**
   * Checks that a page contains what the code generates. With the system property {@code
   * docs.update}, writes it into the page first.
   *
   * @param page the page, relative to the top of the repository
   * @param name the name of the section
   * @param content the lines that the section should have
   */
  public static void assertUpToDate(String page, String name, String content) throws IOException {
    Path file = Repository.TOP.resolve(page);
    String text = Files.readString(file);
    String begin = "<!-- generated:" + name + " -->\n";
    assertThat(text).as(page).containsOnlyOnce(begin);
    int start = text.indexOf(begin) + begin.length();
    int end = text.indexOf(END, start);
    assertThat(end).as("end of the section %s in %s", name, page).isPositive();
    if (System.getProperty("docs.update") != null) {
      Files.writeString(file, text.substring(0, start) + content + text.substring(end));
      return;
    }
    assertThat(text.substring(start, end))
        .as("%s differs from the code. To update it, run: %s", page, UPDATE)
        .isEqualTo(content);
  }
}
