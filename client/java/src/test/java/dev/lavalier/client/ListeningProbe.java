package dev.lavalier.client;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.function.LongSupplier;

/**
 * A program that listens, for tests that stop it: {@code HOST:PORT HOLD_AT END_AT}. For each frame
 * it prints the sample index, the samples missing before it, and its age in microseconds at the
 * moment at which the library gave it out: by the time of day, which server and client share here.
 * What the machine does to this program between that moment and the printing is not in it.
 *
 * <p>At the first frame from sample HOLD_AT on it prints {@code holding} and reads nothing until a
 * line comes in; at END_AT it prints how many frames the library dropped, and ends.
 */
public final class ListeningProbe {

  private ListeningProbe() {}

  /** Runs it. */
  public static void main(String[] args) throws Exception {
    long holdAt = Long.parseLong(args[1]);
    long endAt = Long.parseLong(args[2]);
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.US_ASCII);
    Clock clock = new Clock(Thread.currentThread());
    boolean held = false;
    try (LavalierClient client = LavalierClient.connect(ConnectOptions.to(args[0]), clock);
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

  /** The steady clock; remembers the time of day of the reading thread's last look at it. */
  private static final class Clock implements LongSupplier {
    private static final long MAX_READ_NANOS = 1_000_000;

    private final Thread reader;
    private long lastReadUnixNanos; // the reading thread alone

    Clock(Thread reader) {
      this.reader = reader;
    }

    @Override
    public long getAsLong() {
      long before;
      long after;
      Instant unix;
      do { // both clocks at one moment, whatever the machine does
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
