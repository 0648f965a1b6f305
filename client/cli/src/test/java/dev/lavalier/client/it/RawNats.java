package dev.lavalier.client.it;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A connection to a nats-server that sends any payload on any subject. Used by one thread. */
final class RawNats implements AutoCloseable {

  private static final int TIMEOUT_MS = 20_000;

  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;

  /** Connects to {@code HOST:PORT}. */
  RawNats(String address) throws IOException {
    int colon = address.lastIndexOf(':');
    socket =
        new Socket(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    socket.setSoTimeout(TIMEOUT_MS);
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream());
    out = socket.getOutputStream();
    line(); // INFO
    send("CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\n");
    flush();
  }

  private void send(String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Waits until the server has processed everything that was sent. */
  void flush() throws IOException {
    send("PING\r\n");
    while (!line().equals("PONG")) {
      // a message of the server
    }
  }

  /** Sends a message. */
  void publish(String subject, byte[] payload) throws IOException {
    send("PUB %s %d\r\n".formatted(subject, payload.length));
    out.write(payload);
    send("\r\n");
  }

  /** Returns the next messages of a subject. */
  List<byte[]> receive(String subject, int count) throws IOException {
    List<byte[]> payloads = new ArrayList<>();
    send("SUB %s 1\r\nUNSUB 1 %d\r\n".formatted(subject, count));
    while (payloads.size() < count) {
      String line = line();
      if (line.equals("PING")) {
        send("PONG\r\n");
      } else if (line.startsWith("MSG ")) {
        int length = Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1));
        byte[] payload = in.readNBytes(length);
        line();
        payloads.add(payload);
      }
    }
    return payloads;
  }

  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new EOFException("the nats-server has closed the connection");
      }
      if (next != '\r') {
        line.write(next);
      }
    }
    return line.toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
