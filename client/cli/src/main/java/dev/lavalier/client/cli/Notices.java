package dev.lavalier.client.cli;

import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Notice;
import java.util.function.Consumer;

/** The notices of a stream that a command prints. */
final class Notices {

  private Notices() {}

  /**
   * Sets the listener for the notices of a stream. It does not receive that the server is stopping:
   * the message about the lost connection, or about the end of the stream, says that.
   */
  static void listen(FrameStream stream, Consumer<Notice> listener) {
    stream.onNotice(
        notice -> {
          if (notice.kind() != Notice.Kind.SERVER_STOPPING) {
            listener.accept(notice);
          }
        });
  }
}
