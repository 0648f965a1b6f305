package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** A Java block of a page: a class, or statements that become the main method of one. */
final class JavaBlock {

  private static final Pattern CLASS = Pattern.compile("(?m)^(?:public |final )*class (\\w+)");

  /** The imports and variables that the pages' statements use. */
  private static final String STATEMENTS =
      """
      import dev.lavalier.client.*;
      import dev.lavalier.client.sound.*;
      import java.io.File;
      import java.nio.file.Path;
      import java.time.Duration;
      import javax.sound.sampled.*;

      final class %s {
        static LavalierClient client;
        static FrameStream frames;
        static String token;

        public static void main(String[] args) throws Exception {
      %s
        }
      }
      """;

  private final String name;
  private final String source;

  JavaBlock(String code, int line) {
    Matcher declared = CLASS.matcher(code);
    if (declared.find()) {
      name = declared.group(1);
      source = code;
    } else {
      name = "Block" + line;
      source = STATEMENTS.formatted(name, code);
    }
  }

  /** Returns the name of the class. */
  String name() {
    return name;
  }

  /** Compiles it into a directory. Returns the class path of the library. */
  String compile(Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve(name + ".java"), source);
    String classPath = System.getProperty("java.class.path");
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      boolean compiled =
          compiler
              .getTask(
                  messages,
                  files,
                  null,
                  List.of("-cp", classPath, "-d", folder.toString(), "-proc:none"),
                  null,
                  files.getJavaFileObjects(file))
              .call();
      assertThat(compiled).as(messages.toString()).isTrue();
    }
    return classPath;
  }
}
