package dev.lavalier.client;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.function.LongSupplier;

/**
 * A subscriber program for tests that stop it: {@code HOST:PORT HOLD_AT END_AT}. For each frame it
 * prints the sample index, the number of missing samples before it, and its age in microseconds
 * when the library returned it. The age is measured by the wall clock, which server and client
 * share here. It does not include delays between the return and the output.
 *
 * <p>At the first frame at or after sample HOLD_AT it prints {@code holding} and reads nothing
 * until it receives a line. At END_AT it prints the number of frames that the library dropped, and
 * exits.
 */
public final class ListeningProbe {

  private ListeningProbe() {}

  /** Runs the program. */
  public static void main(String[] args) throws Exception {
    long holdAt = Long.parseLong(args[1]);
    long endAt = Long.parseLong(args[2]);
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.US_ASCII);
    Clock clock = new Clock(Thread.currentThread());
    boolean held = false;
    try (LavalierClient client =
            LavalierClient.connect(ConnectOptions.builder(args[0]).build(), clock);
        FrameStream stream = client.stream(StreamOptions.defaults())) {
      Frame frame;
      do {
        frame = stream.read();
        long ageNanos =
            clock.lastReadUnixNanos - frame.captureTimeUnixNanos() - frame.readDelayNanos();
        out.printf(
            "%d %d %d%n",
            frame.sampleIndex(), frame.gap().map(Gap::sampleCount).orElse(0L), ageNanos / 1_000);
        if (!held && frame.sampleIndex() >= holdAt) {
          held = true;
          out.println("holding");
          if (System.in.read() < 0) {
            return;
          }
        }
      } while (frame.sampleIndex() < endAt);
      out.println("stale " + stream.staleFrames());
    }
  }

  /** A monotonic clock that records the wall-clock time of the reading thread's last call. */
  private static final class Clock implements LongSupplier {
    private static final long MAX_READ_NANOS = 1_000_000;

    private final Thread reader;
    private long lastReadUnixNanos; // used only by the reading thread

    Clock(Thread reader) {
      this.reader = reader;
    }

    @Override
    public long getAsLong() {
      long before;
      long after;
      Instant unix;
      do { // reads both clocks at almost the same moment, even on a busy machine
        before = System.nanoTime();
        unix = Instant.now();
        after = System.nanoTime();
      } while (after - before > MAX_READ_NANOS);
      if (Thread.currentThread() == reader) {
        lastReadUnixNanos = unix.getEpochSecond() * 1_000_000_000 + unix.getNano();
      }
      return after;
    }
  }
}
