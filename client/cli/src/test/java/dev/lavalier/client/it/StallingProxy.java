package dev.lavalier.client.it;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A proxy on loopback that forwards connections to a server. While it is stalled, it forwards
 * nothing, in both directions, and closes nothing, as a network does that loses all packets.
 */
final class StallingProxy implements AutoCloseable {

  private static final int PART_BYTES = 8 << 10;

  private final String serverAddress;
  private final ServerSocket listener;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private boolean stalled; // guarded by this

  /** Starts a proxy to {@code HOST:PORT}. */
  StallingProxy(String serverAddress) throws IOException {
    this.serverAddress = serverAddress;
    this.listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    start(this::accept);
  }

  /** Returns the address of the proxy, {@code HOST:PORT}. */
  String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  /** Forwards nothing until {@link #resume}. */
  synchronized void stall() {
    stalled = true;
  }

  /** Forwards again. */
  synchronized void resume() {
    stalled = false;
    notifyAll();
  }

  private synchronized void awaitForwarding() throws InterruptedException {
    while (stalled) {
      wait();
    }
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "stalling-proxy");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    int colon = serverAddress.lastIndexOf(':');
    String host = serverAddress.substring(0, colon);
    int port = Integer.parseInt(serverAddress.substring(colon + 1));
    try {
      while (true) {
        Socket client = listener.accept();
        sockets.add(client);
        Socket server = new Socket(host, port);
        sockets.add(server);
        start(() -> forward(client, server));
        start(() -> forward(server, client));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private void forward(Socket from, Socket to) {
    byte[] part = new byte[PART_BYTES];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      int length;
      while ((length = in.read(part)) > 0) {
        awaitForwarding();
        out.write(part, 0, length);
      }
    } catch (IOException e) {
      // One of the two has closed its connection, so the other one is closed too.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
