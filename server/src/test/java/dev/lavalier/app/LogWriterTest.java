package dev.lavalier.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Tests a log whose reader does not read, or whose disk is full. */
final class LogWriterTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final int LINE_BYTES = 10;
  private static final int CAPACITY = 100 * LINE_BYTES;
  private static final int RESERVE = 20 * LINE_BYTES;

  private final Pipe pipe = new Pipe();
  private final BlockingQueue<LogWriter.Dropped> reports = new LinkedBlockingQueue<>();
  private final LogWriter writer = new LogWriter("test-log", pipe, CAPACITY, RESERVE, reports::add);

  /** A stream that a test can close to writes, as a full pipe is, or make fail. */
  private static final class Pipe extends OutputStream {

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final CountDownLatch blocked = new CountDownLatch(1);
    private volatile CountDownLatch gate = new CountDownLatch(0);
    private volatile boolean fails;
    private volatile boolean failsWithError;

    @Override
    public void write(int one) {
      throw new AssertionError("a line is written at once");
    }

    @Override
    public void write(byte[] bytes) throws IOException {
      if (gate.getCount() > 0) {
        blocked.countDown();
      }
      try {
        gate.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      if (failsWithError) {
        throw new OutOfMemoryError("simulated");
      }
      if (fails) {
        throw new IOException("No space left on device");
      }
      synchronized (written) {
        written.write(bytes);
      }
    }

    /** Blocks the writer: it is writing its first line when this method returns. */
    void block(LogWriter writer) throws InterruptedException {
      gate = new CountDownLatch(1);
      writer.write(line(-1), "INFO", Instant.EPOCH, false);
      assertThat(blocked.await(10, TimeUnit.SECONDS)).isTrue();
    }

    String written() {
      synchronized (written) {
        return written.toString(StandardCharsets.US_ASCII);
      }
    }
  }

  private static byte[] line(int number) {
    return "line %4d\n".formatted(number).getBytes(StandardCharsets.US_ASCII);
  }

  private static String lines(int from, int to) {
    return IntStream.range(from, to)
        .mapToObj(number -> new String(line(number), StandardCharsets.US_ASCII))
        .collect(Collectors.joining());
  }

  private void write(int number, String kind, boolean urgent) {
    writer.write(line(number), kind, Instant.ofEpochSecond(number), urgent);
  }

  @Test
  void linesAreWrittenInOrder() throws Exception {
    for (int k = 0; k < 50; k++) {
      write(k, "INFO", false);
    }
    assertThat(writer.flush(TIMEOUT)).isTrue();
    assertThat(pipe.written()).isEqualTo(lines(0, 50));
    assertThat(writer.dropped()).isZero();
    assertThat(reports).isEmpty();
  }

  @Test
  void fullQueueDropsAndCountsLinesAndReportsThemWhenLinesAreWrittenAgain() throws Exception {
    pipe.block(writer);
    for (int k = 0; k < 500; k++) {
      write(k, k % 2 == 0 ? "INFO" : "WARN", false);
    }
    assertThat(writer.dropped()).isEqualTo(401); // one line is being written, 99 wait
    assertThat(writer.flush(Duration.ZERO)).isFalse();
    assertThat(reports).isEmpty();

    pipe.gate.countDown();
    LogWriter.Dropped report = reports.poll(10, TimeUnit.SECONDS);
    assertThat(report)
        .isEqualTo(
            new LogWriter.Dropped(
                401, Instant.ofEpochSecond(99), Instant.ofEpochSecond(499), "200 INFO, 201 WARN"));
    write(500, "INFO", false);
    assertThat(writer.flush(TIMEOUT)).isTrue();
    assertThat(pipe.written()).isEqualTo(lines(-1, 99) + lines(500, 501));
    assertThat(writer.dropped()).isEqualTo(401);
    assertThat(reports).isEmpty();
  }

  @Test
  void urgentLinesAreDroppedLast() throws Exception {
    pipe.block(writer);
    for (int k = 0; k < 200; k++) {
      write(k, "INFO", false);
    }
    for (int k = 200; k < 230; k++) {
      write(k, "ERROR", true);
    }
    assertThat(writer.dropped()).isEqualTo(101 + 10);
    pipe.gate.countDown();
    assertThat(reports.poll(10, TimeUnit.SECONDS).kinds()).isEqualTo("10 ERROR, 101 INFO");
    assertThat(writer.flush(TIMEOUT)).isTrue();
    assertThat(pipe.written()).isEqualTo(lines(-1, 99) + lines(200, 220));
  }

  @Test
  void lineThatTheStreamRejectsIsCounted() throws Exception {
    pipe.fails = true;
    write(1, "INFO", false);
    assertThat(writer.flush(TIMEOUT)).isTrue();
    assertThat(writer.dropped()).isEqualTo(1);
    assertThat(reports).isEmpty();
    pipe.fails = false;
    write(2, "INFO", false);
    assertThat(reports.poll(10, TimeUnit.SECONDS).count()).isEqualTo(1);
    assertThat(pipe.written()).isEqualTo(lines(2, 3));
  }

  @Test
  void lineThatFailsWithAnErrorIsCounted() throws Exception {
    pipe.failsWithError = true;
    write(1, "INFO", false);
    assertThat(writer.flush(TIMEOUT)).isTrue();
    assertThat(writer.dropped()).isEqualTo(1);
  }

  @Test
  void lineLongerThanQueueIsCountedAndOthersAreWritten() throws Exception {
    writer.write(new byte[CAPACITY + 1], "DEBUG", Instant.EPOCH, false);
    write(1, "INFO", false);
    assertThat(reports.poll(10, TimeUnit.SECONDS).kinds()).isEqualTo("1 DEBUG");
    assertThat(writer.flush(TIMEOUT)).isTrue();
    assertThat(pipe.written()).isEqualTo(lines(1, 2));
  }

  @Test
  void reportThatThrowsDoesNotEndWriter() throws Exception {
    LogWriter failing =
        new LogWriter(
            "test-log",
            pipe,
            CAPACITY,
            RESERVE,
            lost -> {
              throw new IllegalStateException("a test");
            });
    failing.write(new byte[CAPACITY + 1], "DEBUG", Instant.EPOCH, false);
    failing.write(line(1), "INFO", Instant.EPOCH, false);
    failing.write(line(2), "INFO", Instant.EPOCH, false);
    assertThat(failing.flush(TIMEOUT)).isTrue();
    assertThat(pipe.written()).isEqualTo(lines(1, 3));
  }
}
