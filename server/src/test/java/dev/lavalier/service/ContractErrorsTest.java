package dev.lavalier.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.Repository;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The contract names the status codes that the server sends. */
final class ContractErrorsTest {

  private static final Path CONTRACT =
      Path.of("proto/src/main/proto/lavalier/v1/audio_capture.proto");
  private static final Pattern ROW = Pattern.compile("(?m)^//   ([A-Z_]{6,}) ");
  private static final Pattern STREAM_ERRORS =
      Pattern.compile("Errors: ([A-Z_,\\s/]+)\\.\\s+rpc StreamFrames");
  private static final Pattern CODE = Pattern.compile("[A-Z]+(_[A-Z]+)*");

  private static Set<String> serverCodes() {
    return Arrays.stream(StatusCode.values())
        .map(Enum::name)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> matches(Pattern pattern, int group, String text) {
    return pattern
        .matcher(text)
        .results()
        .map(match -> match.group(group))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void tableHasEachCode() throws Exception {
    String contract = Repository.read(CONTRACT);
    String head = contract.substring(0, contract.indexOf("// Access"));
    Set<String> expected = serverCodes();
    expected.add("CANCELLED"); // the client's library reports it
    expected.add("UNIMPLEMENTED"); // gRPC sends it
    assertThat(matches(ROW, 1, head)).isEqualTo(expected);
  }

  @Test
  void streamFramesListsEachCode() throws Exception {
    Matcher list = STREAM_ERRORS.matcher(Repository.read(CONTRACT));
    assertThat(list.find()).isTrue();
    assertThat(matches(CODE, 0, list.group(1))).isEqualTo(serverCodes());
  }
}
