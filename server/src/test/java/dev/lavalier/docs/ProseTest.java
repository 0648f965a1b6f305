package dev.lavalier.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The repository contains none of the phrases that {@code .ci/prose.txt} lists. */
final class ProseTest {

  private static List<String> phrases(String file, String text) {
    return Phrases.in(Prose.of(Path.of(file), text));
  }

  @Test
  void proseContainsNoListedPhrase() {
    assertThat(Prose.all().map(Phrases::in).flatMap(List::stream).sorted().toList()).isEmpty();
  }

  @Test
  void commentsMessagesAndPagesAreProse() {
    assertThat(phrases("x/src/main/X.java", "int x;\n/** It may be\n * given again. */"))
        .containsExactly("x/src/main/X.java:2: may be given again (use: Can be repeated.)");
    assertThat(phrases("x/src/main/X.java", "f(\"it may be \"\n    + \"given again\");"))
        .hasSize(1);
    assertThat(phrases("x/src/test/X.java", "int x; // told")).hasSize(1);
    assertThat(phrases("x.md", "Told\n\nWhere it is dark, told.")).hasSize(3);
    assertThat(phrases("x", "#!/bin/sh\n# may be\n# given again")).hasSize(1);
  }

  @Test
  void codeAndLiteralsOfTestsAreNotProse() {
    assertThat(phrases("x/src/main/X.java", "mended(told, '\"', x); // fine")).isEmpty();
    assertThat(phrases("x/src/test/X.java", "f(\"told\");")).isEmpty();
    assertThat(phrases("x.md", "`told`\n\n```sh\nmended\n```\n\n## Where to go next")).isEmpty();
  }
}
