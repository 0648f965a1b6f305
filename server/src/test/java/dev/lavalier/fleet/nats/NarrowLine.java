package dev.lavalier.fleet.nats;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntToLongFunction;

/**
 * A port of loopback that passes the bytes of one connection to another port at a limited rate, or
 * late.
 */
final class NarrowLine implements AutoCloseable {

  private static final int BUFFER = 16 << 10;

  private final ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  private final int target;
  private final int bytesPerSecond;
  private volatile long delayNanos;

  /**
   * Creates a line that accepts one connection.
   *
   * @param target the port to which it connects
   * @param bytesPerSecond the rate to the target; answers are not limited
   */
  NarrowLine(int target, int bytesPerSecond) throws IOException {
    this.target = target;
    this.bytesPerSecond = bytesPerSecond;
    server.setReceiveBufferSize(BUFFER);
    start(this::run);
  }

  String url() {
    return "nats://127.0.0.1:" + server.getLocalPort();
  }

  /** Delays the answers from now on, those that arrive together by the same time. */
  void delayAnswers(Duration delay) {
    delayNanos = delay.toNanos();
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "narrow-line");
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    try (Socket from = server.accept();
        Socket to = new Socket(InetAddress.getLoopbackAddress(), target)) {
      start(() -> pass(to, from, read -> delayNanos));
      pass(from, to, read -> read * 1_000_000_000L / bytesPerSecond);
    } catch (IOException e) {
      // The test has ended.
    }
  }

  private static void pass(Socket from, Socket to, IntToLongFunction nanos) {
    byte[] buffer = new byte[1_024];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        LockSupport.parkNanos(nanos.applyAsLong(read));
        out.write(buffer, 0, read);
      }
    } catch (IOException e) {
      // The connection has ended.
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
