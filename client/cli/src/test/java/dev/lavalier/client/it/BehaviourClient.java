package dev.lavalier.client.it;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A program of {@code client/behaviour}, and the events that it has reported about its stream. The
 * README there describes them. The test's thread sends commands; another thread reads the events.
 */
final class BehaviourClient implements AutoCloseable {

  private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final int SHOWN_EVENTS = 12;

  private final String name;
  private final Process process;
  private final OutputStream in;
  private final Path err;
  private final List<JsonObject> events = new ArrayList<>(); // guarded by this
  private boolean ended; // guarded by this
  private boolean opened; // used only by the test's thread

  private BehaviourClient(String name, Process process, Path err) {
    this.name = name;
    this.process = process;
    this.in = process.getOutputStream();
    this.err = err;
  }

  /** Starts a program. */
  static BehaviourClient start(String name, List<String> command, Map<String, String> environment)
      throws IOException {
    Path err = Files.createTempFile("lavalier-behaviour", ".err");
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(err.toFile());
    builder.environment().putAll(environment);
    BehaviourClient client = new BehaviourClient(name, builder.start(), err);
    Thread reader = new Thread(client::readEvents, "events-" + name);
    reader.setDaemon(true);
    reader.start();
    return client;
  }

  private void readEvents() {
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      String line;
      while ((line = out.readLine()) != null) {
        JsonObject event = JsonParser.parseString(line).getAsJsonObject();
        synchronized (this) {
          events.add(event);
          notifyAll();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      synchronized (this) {
        ended = true;
        notifyAll();
      }
    }
  }

  /** Returns the column of this client in the manual. */
  String name() {
    return name;
  }

  /** Opens a stream, and forgets the events of the one before. */
  void open(JsonObject options) throws IOException {
    synchronized (this) {
      events.clear();
    }
    opened = true;
    send("open " + options);
  }

  /** Sends a command. */
  void send(String command) throws IOException {
    in.write((command + "\n").getBytes(StandardCharsets.UTF_8));
    in.flush();
  }

  /** Sends a signal, such as STOP. */
  void signal(String signal) throws IOException, InterruptedException {
    ProcessRunner.Result sent =
        ProcessRunner.run(List.of("kill", "-" + signal, Long.toString(process.pid())));
    if (sent.code() != 0) {
      throw new IOException(sent.err());
    }
  }

  /** Returns the number of events so far. */
  synchronized int eventCount() {
    return events.size();
  }

  /** Waits for an event, which may have been reported already. Returns its position. */
  int await(String event) throws InterruptedException {
    return await(event, 0, each -> true);
  }

  /** Waits for a frame that was captured at a time or later, in microseconds since 1970. */
  void awaitFrame(long timeMicros) throws InterruptedException {
    await("frame", 0, frame -> frame.get("time_us").getAsLong() >= timeMicros);
  }

  /** Waits for an event that matches, at or after a position. Returns its position. */
  synchronized int await(String type, int position, Predicate<JsonObject> matching)
      throws InterruptedException {
    long deadline = System.nanoTime() + TIMEOUT_NANOS;
    int next = position;
    while (true) {
      for (; next < events.size(); next++) {
        JsonObject event = events.get(next);
        if (event.get("event").getAsString().equals(type) && matching.test(event)) {
          return next;
        }
      }
      long rest = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (ended || rest <= 0) {
        throw new AssertionError("%s: no event %s%n%s".formatted(name, type, shown()));
      }
      wait(rest);
    }
  }

  /** Returns whether there is a stream that has not ended. */
  boolean isOpen() {
    return opened && observed().count("end") == 0;
  }

  /** Returns what was reported since the stream was opened. */
  synchronized ObservedStream observed() {
    return new ObservedStream(List.copyOf(events));
  }

  /** Returns the last events, and standard error. */
  private String shown() {
    StringBuilder shown = new StringBuilder();
    for (JsonObject event :
        events.subList(Math.max(0, events.size() - SHOWN_EVENTS), events.size())) {
      shown.append(event).append('\n');
    }
    try {
      return shown.append(Files.readString(err)).toString();
    } catch (IOException e) {
      return shown.append(e).toString();
    }
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly();
    Files.deleteIfExists(err);
  }
}
