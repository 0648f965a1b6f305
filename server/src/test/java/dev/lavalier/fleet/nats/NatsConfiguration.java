package dev.lavalier.fleet.nats;

import dev.lavalier.testing.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The configuration in packaging/nats-server.conf, changed for a test. Immutable. */
final class NatsConfiguration {

  private static final Pattern BLOCK = Pattern.compile("(?ms)^tls \\{.*?^\\}\n");
  private static final Pattern NKEY = Pattern.compile("nkey: \"(U[A-Z2-7]{55})\"");

  private final String text;

  private NatsConfiguration(String text) {
    this.text = text;
  }

  /** Returns the file as it is. */
  static NatsConfiguration published() throws IOException {
    return new NatsConfiguration(
        Files.readString(Repository.TOP.resolve("packaging/nats-server.conf")));
  }

  /** Returns it without the line that versions before 2.10.26 refuse. */
  NatsConfiguration forOldVersions() {
    return new NatsConfiguration(text.replaceAll("(?m)^no_fast_producer_stall: true\n", ""));
  }

  /** Returns it without an address, which the test has. */
  NatsConfiguration withoutAddress() {
    return new NatsConfiguration(text.replaceAll("(?m)^listen: .*\n", ""));
  }

  /** Returns it with the lines for recording. */
  NatsConfiguration withRecordingIn(Path directory) {
    return new NatsConfiguration(
        text.replaceAll("(?m)^( *)#REC ", "$1")
            .replace("/var/lib/nats", directory.resolve("jetstream").toString())
            .replace("$NATS_RECORDING_KEY", "\"secret\""));
  }

  NatsConfiguration withoutTls() {
    return new NatsConfiguration(BLOCK.matcher(text).replaceAll(""));
  }

  /** Returns it with other keys for its users: of the node, and of the edge. */
  NatsConfiguration withKeys(Nkey... keys) {
    int[] next = {0};
    return new NatsConfiguration(
        NKEY.matcher(text)
            .replaceAll(
                match ->
                    Matcher.quoteReplacement(
                        "nkey: \"%s\"".formatted(keys[next[0]++].publicKey()))));
  }

  /** Returns it with files of a directory in place of those of /etc/nats. */
  NatsConfiguration withFilesIn(Path directory) {
    return new NatsConfiguration(text.replace("/etc/nats/", directory + "/"));
  }

  @Override
  public String toString() {
    return text;
  }
}
