package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.StreamOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A subscriber program that a test pauses for five seconds: the program stops reading, or its whole
 * process is stopped. {@code ListeningProbe} describes its output.
 */
final class StoppedProbe implements AutoCloseable {

  static final int STALL_SECONDS = 5;

  private static final int BEFORE_SECONDS = 2;
  private static final int AFTER_SECONDS = 2;
  private static final long NEVER = Long.MAX_VALUE;
  private static final int MAX_LATENCY_MS = 200; // the default
  private static final int TOLERANCE_MS = 100;

  /** One frame as the program received it. */
  private record ObservedFrame(long index, long missing, long ageMicros) {
    static ObservedFrame of(String line) {
      String[] fields = line.split(" ", -1);
      return new ObservedFrame(
          Long.parseLong(fields[0]), Long.parseLong(fields[1]), Long.parseLong(fields[2]));
    }
  }

  private final int rateHz;
  private final boolean holding;
  private final Process process;
  private final BufferedReader out;
  private final Path err;
  private final List<ObservedFrame> frames = new ArrayList<>();
  private int framesBeforePause;

  private StoppedProbe(int rateHz, boolean holding, Process process, Path err) {
    this.rateHz = rateHz;
    this.holding = holding;
    this.process = process;
    this.err = err;
    this.out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
  }

  /**
   * Starts a program.
   *
   * @param program the command of the program, without the arguments
   * @param holding whether the program itself stops reading
   * @param extraArguments arguments after those that all programs understand
   */
  static StoppedProbe start(
      List<String> program,
      Map<String, String> environment,
      ServerProcess server,
      int rateHz,
      boolean holding,
      String... extraArguments)
      throws IOException {
    long holdAt = (long) BEFORE_SECONDS * rateHz;
    long endAt = holdAt + (long) (STALL_SECONDS + AFTER_SECONDS) * rateHz;
    List<String> command = new ArrayList<>(program);
    command.addAll(
        List.of(server.address(), Long.toString(holding ? holdAt : NEVER), Long.toString(endAt)));
    command.addAll(List.of(extraArguments));
    Path err = Files.createTempFile("lavalier-probe", ".err");
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(err.toFile());
    builder.environment().putAll(environment);
    return new StoppedProbe(rateHz, holding, builder.start(), err);
  }

  /** Lets the program receive frames for two seconds and then pauses it. */
  void pause() throws IOException, InterruptedException {
    String line = next();
    while (holding ? !line.equals("holding") : last().index() < (long) BEFORE_SECONDS * rateHz) {
      line = next();
    }
    if (!holding) {
      signal("STOP");
    }
    framesBeforePause = frames.size();
  }

  /** Lets the program resume. */
  void resume() throws IOException, InterruptedException {
    if (holding) {
      OutputStream in = process.getOutputStream();
      in.write('\n');
      in.flush();
    } else {
      signal("CONT");
    }
  }

  private void signal(String name) throws IOException, InterruptedException {
    ProcessRunner.Result result =
        ProcessRunner.run(List.of("kill", "-" + name, Long.toString(process.pid())));
    assertThat(result).isEqualTo(new ProcessRunner.Result(0, "", ""));
  }

  private String next() throws IOException {
    String line = out.readLine();
    if (line == null) {
      throw new AssertionError("the program ended: " + Files.readString(err));
    }
    if (Character.isDigit(line.charAt(0))) {
      frames.add(ObservedFrame.of(line));
    }
    return line;
  }

  private ObservedFrame last() {
    return frames.get(frames.size() - 1);
  }

  /**
   * Reads the output to its end. Asserts that no frame after the pause is older than the limit and
   * that every sample is counted.
   *
   * @return the number of frames that the program itself dropped, as it prints it
   */
  String assertFreshAndReported(int frameSize) throws IOException {
    String line = next();
    while (!line.startsWith("stale ")) {
      line = next();
    }
    // Up to two of these lines were printed before the pause.
    List<ObservedFrame> after = frames.subList(framesBeforePause, frames.size());
    assertThat(after)
        .allSatisfy(
            frame ->
                assertThat(frame.ageMicros())
                    .isLessThanOrEqualTo((MAX_LATENCY_MS + TOLERANCE_MS) * 1_000L));
    long missing = 0;
    for (int k = 1; k < frames.size(); k++) {
      ObservedFrame frame = frames.get(k);
      assertThat(frame.index()).isEqualTo(frames.get(k - 1).index() + frameSize + frame.missing());
      missing += frame.missing();
    }
    assertThat(missing).isGreaterThan((long) (STALL_SECONDS - 1) * rateHz);
    return line.substring("stale ".length());
  }

  /** Waits until another subscriber has received five more seconds. */
  static void awaitStall(LavalierClient client) throws Exception {
    try (FrameStream stream =
        client.stream(StreamOptions.builder().maxLatency(Duration.ofSeconds(10)).build())) {
      Frame frame = stream.read();
      long end =
          frame.sampleIndex() + (long) STALL_SECONDS * stream.start().format().sampleRateHz();
      while (frame.sampleIndex() < end) {
        frame = stream.read();
      }
    }
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly();
    Files.deleteIfExists(err);
  }
}
