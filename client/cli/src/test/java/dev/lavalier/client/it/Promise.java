package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What every client promises: a row of the table in {@code docs/user/clients.md}. */
enum Promise {
  NOT_READ("the program reads nothing for 3 s"),
  STOPPED("the process of the program is stopped for 3 s"),
  NETWORK_STALLED("the network transports nothing for 3 s"),
  RESTARTED("the server is killed and started again"),
  QUEUE_REFUSED("the server refuses the length of the queue after its restart"),
  RESUMED("the connection is lost for 1 s, and the server has a history"),
  PREROLL("the stream starts 2 s before the call"),
  DEVICE_WAITED("the device is lost, and the stream waits for it"),
  DEVICE_ENDED("the device is lost, and the stream does not wait"),
  CLOCK_SET("the wall clock of the server is set"),
  TOKEN_REPLACED("the token is replaced, and the connection is lost"),
  TOKEN_REVOKED("the token is revoked"),
  NO_TOKEN("the token source fails"),
  NOT_TRUSTED("the certificate of the server is not trusted"),
  NOT_FOUND("the device is unknown");

  private static final int CONDITION = 0;
  private static final int FIRST_CLIENT = 2;

  private final String condition;

  Promise(String condition) {
    this.condition = condition;
  }

  /** Returns what the manual says about a client. */
  String cell(String client) throws IOException {
    return table().get(condition).get(client);
  }

  /** Returns the conditions in the manual, each with its cells by client. */
  private static Map<String, Map<String, String>> table() throws IOException {
    Map<String, Map<String, String>> table = new LinkedHashMap<>();
    List<String> head = List.of();
    for (String line : Files.readAllLines(ProcessRunner.TOP.resolve("docs/user/clients.md"))) {
      List<String> cells = new ArrayList<>();
      for (String cell : line.split("\\|", -1)) {
        cells.add(cell.strip());
      }
      if (line.startsWith("| if |")) {
        head = cells.subList(1, cells.size() - 1);
      } else if (!head.isEmpty() && line.startsWith("|") && !line.startsWith("| ---")) {
        Map<String, String> byClient = new LinkedHashMap<>();
        for (int i = FIRST_CLIENT; i < head.size(); i++) {
          byClient.put(head.get(i), cells.get(i + 1));
        }
        table.put(cells.get(CONDITION + 1), byClient);
      } else if (!line.startsWith("|")) {
        head = List.of();
      }
    }
    return table;
  }

  /** Asserts that the table of the manual has these rows. */
  static void assertRows() throws IOException {
    List<String> conditions = new ArrayList<>();
    for (Promise promise : values()) {
      conditions.add(promise.condition);
    }
    assertThat(table().keySet()).containsExactlyElementsOf(conditions);
  }
}
