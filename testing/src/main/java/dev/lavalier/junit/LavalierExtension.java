package dev.lavalier.junit;

import dev.lavalier.capture.script.ScriptedMicrophone;
import dev.lavalier.client.LavalierClient;
import io.grpc.Channel;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A JUnit 5 extension that runs a real server with scripted microphones: one for each test if the
 * field is not static, and one for all tests of the class if it is. The first microphone is the
 * default device. The server has no other devices.
 *
 * <pre>{@code
 * @RegisterExtension
 * final LavalierExtension lavalier =
 *     LavalierExtension.inProcess(ScriptedMicrophone.named("mic").tone());
 * }</pre>
 *
 * <p><b>In process</b>, the time is simulated. It passes while every call for audio or levels waits
 * for the next message, and in {@link #advance}. So a minute of audio does not take a minute, and
 * no frame expires because the machine is slow. The time stops while a call has a message that the
 * test has not read. The 10 s and 20 s for which a client waits for an answer, and its pauses
 * before it reconnects, are in real time.
 *
 * <p><b>On a port</b>, the time is real, and any client on this machine can connect.
 *
 * <p>All methods except {@link #withHistory} may be called from any thread, while a test runs; they
 * throw {@link IllegalStateException} otherwise.
 */
public final class LavalierExtension
    implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {

  private interface Starter {
    TestServer start(List<ScriptedMicrophone> microphones, Duration history) throws IOException;
  }

  private final Starter starter;
  private final List<ScriptedMicrophone> microphones;
  private Duration history = Duration.ZERO;
  private int users; // tests and classes that run; guarded by this
  private volatile @Nullable TestServer server; // null: no test runs

  private LavalierExtension(Starter starter, List<ScriptedMicrophone> microphones) {
    if (microphones.isEmpty()) {
      throw new IllegalArgumentException("microphones: none (expected: one or more)");
    }
    microphones.forEach(ScriptedMicrophone::checked);
    this.starter = starter;
    this.microphones = microphones;
  }

  /**
   * Creates an extension that runs a server in this process, in simulated time.
   *
   * @throws IllegalArgumentException if there is no microphone, or one of them cannot be played
   */
  public static LavalierExtension inProcess(ScriptedMicrophone... microphones) {
    return new LavalierExtension(TestServer::inProcess, List.of(microphones));
  }

  /**
   * Creates an extension that runs a server on a free port of loopback, in real time.
   *
   * @throws IllegalArgumentException if there is no microphone, or one of them cannot be played
   */
  public static LavalierExtension onPort(ScriptedMicrophone... microphones) {
    return new LavalierExtension(TestServer::onPort, List.of(microphones));
  }

  /**
   * Sets how much audio the server keeps of each open device, for streams that start in the past.
   * The default is none. Call it before the first test.
   *
   * @param length zero to ten minutes
   * @return this extension
   * @throws IllegalArgumentException if it is longer or negative
   */
  public LavalierExtension withHistory(Duration length) {
    if (length.isNegative() || length.compareTo(Duration.ofMinutes(10)) > 0) {
      throw new IllegalArgumentException(
          "history: %s (expected: zero to ten minutes)".formatted(length));
    }
    history = length;
    return this;
  }

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    start();
  }

  @Override
  public void beforeEach(ExtensionContext context) throws IOException {
    start();
  }

  @Override
  public void afterEach(ExtensionContext context) {
    stop();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    stop();
  }

  private synchronized void start() throws IOException {
    users++;
    if (users == 1) {
      server = starter.start(microphones, history);
    }
  }

  private synchronized void stop() {
    users--;
    TestServer stopping = server;
    if (users == 0 && stopping != null) {
      server = null;
      stopping.close();
    }
  }

  private TestServer running() {
    TestServer running = server;
    if (running == null) {
      throw new IllegalStateException("no test runs (expected: a call inside of a test)");
    }
    return running;
  }

  /** Returns a client of the server. It is closed after the test. */
  public LavalierClient client() {
    return running().client();
  }

  /** Returns a channel to the server, for generated stubs. It is shut down after the test. */
  public Channel channel() {
    return running().channel();
  }

  /**
   * Returns the address of the server, {@code HOST:PORT}.
   *
   * @throws IllegalStateException if the server is in this process
   */
  public String address() {
    return running()
        .address()
        .orElseThrow(() -> new IllegalStateException("address: none (expected: onPort)"));
  }

  /**
   * Lets time pass, in steps of 10 ms, whether or not the calls of the test are read. Frames that a
   * call does not read expire, as in real time. Returns when the server has done its work.
   *
   * @throws IllegalStateException if the time is real
   */
  public void advance(Duration by) throws InterruptedException {
    running()
        .simulatedTime()
        .orElseThrow(() -> new IllegalStateException("advance: real time (expected: inProcess)"))
        .advance(by);
  }
}
