package dev.lavalier.client.it;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A proxy on loopback that forwards connections to a server, or each to the first of several
 * servers that accepts it. While it is stalled, it forwards nothing, in both directions, and closes
 * nothing, as a network does that loses all packets. While it is disconnected, it closes all
 * connections. Observers see the bytes that it forwards.
 */
final class LoopbackProxy implements AutoCloseable {

  /** Sees the bytes of one direction of one connection before they are forwarded, on one thread. */
  interface Observer {
    /** Is called with the next bytes: the first {@code length} of {@code part}. */
    void onBytes(byte[] part, int length);
  }

  private static final int PART_BYTES = 8 << 10;
  private static final int BACKLOG = 256; // many clients connect again at once

  private final List<String> servers;
  private final Supplier<Observer> fromClient;
  private final Supplier<Observer> fromServer;
  private final ServerSocket listener;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private boolean stalled; // guarded by this
  private volatile boolean disconnected;

  /** Starts a proxy to {@code HOST:PORT}. */
  LoopbackProxy(String serverAddress) throws IOException {
    this(serverAddress, () -> (part, length) -> {}, () -> (part, length) -> {});
  }

  /** Starts a proxy to {@code HOST:PORT} that makes two observers for each connection. */
  LoopbackProxy(String serverAddress, Supplier<Observer> fromClient, Supplier<Observer> fromServer)
      throws IOException {
    this(List.of(serverAddress), fromClient, fromServer);
  }

  /** Starts a proxy to several servers, each {@code HOST:PORT}. */
  static LoopbackProxy toFirstOf(List<String> servers) throws IOException {
    return new LoopbackProxy(servers, () -> (part, length) -> {}, () -> (part, length) -> {});
  }

  private LoopbackProxy(
      List<String> servers, Supplier<Observer> fromClient, Supplier<Observer> fromServer)
      throws IOException {
    this.servers = servers;
    this.fromClient = fromClient;
    this.fromServer = fromServer;
    this.listener = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
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

  /** Closes all connections, and each new one, until {@link #resume}. */
  void disconnect() throws IOException {
    disconnected = true;
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  /** Forwards again. */
  synchronized void resume() {
    stalled = false;
    disconnected = false;
    notifyAll();
  }

  private synchronized void awaitForwarding() throws InterruptedException {
    while (stalled) {
      wait();
    }
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "loopback-proxy");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        sockets.add(client);
        if (disconnected) { // also if `disconnect` has just closed the others
          client.close();
          continue;
        }
        Socket server = connect();
        if (server == null) {
          client.close();
          continue;
        }
        sockets.add(server);
        // Otherwise the kernel delays small frames, such as those that open a window.
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        Observer toServer = fromClient.get();
        Observer toClient = fromServer.get();
        start(() -> forward(client, server, toServer));
        start(() -> forward(server, client, toClient));
      }
    } catch (IOException e) {
      // closed
    }
  }

  /** Returns a connection to the first server that accepts it; null: none does. */
  private @Nullable Socket connect() {
    for (String server : servers) {
      int colon = server.lastIndexOf(':');
      try {
        return new Socket(
            server.substring(0, colon), Integer.parseInt(server.substring(colon + 1)));
      } catch (IOException e) {
        // It is not there, so the next one is tried.
      }
    }
    return null;
  }

  private void forward(Socket from, Socket to, Observer observer) {
    byte[] part = new byte[PART_BYTES];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      int length;
      while ((length = in.read(part)) > 0) {
        awaitForwarding();
        observer.onBytes(part, length);
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
