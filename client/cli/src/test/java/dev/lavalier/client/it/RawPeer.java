package dev.lavalier.client.it;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A peer that writes arbitrary HTTP/2 frames, byte by byte, and follows no rules. */
final class RawPeer implements AutoCloseable {

  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PING = 6;
  static final int CONTINUATION = 9;

  static final int NO_FLAG = 0;
  static final int ACK = 1;
  static final int END_HEADERS = 4;

  static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.UTF_8);
  static final byte[] EMPTY = {};

  private final Socket socket;
  private final OutputStream out;

  private RawPeer(Socket socket) throws IOException {
    this.socket = socket;
    this.out = socket.getOutputStream();
  }

  /** Connects without sending anything. */
  static RawPeer connect(ServerProcess server) throws IOException {
    String[] address = server.address().split(":", -1);
    Socket socket = new Socket();
    socket.connect(new InetSocketAddress(address[0], Integer.parseInt(address[1])), 5_000);
    socket.setSoTimeout(30_000);
    return new RawPeer(socket);
  }

  /** Connects and performs the HTTP/2 handshake of a client. */
  static RawPeer handshake(ServerProcess server) throws IOException {
    return connect(server)
        .send(PREFACE)
        .send(frame(SETTINGS, NO_FLAG, 0, EMPTY))
        .send(frame(SETTINGS, ACK, 0, EMPTY));
  }

  static byte[] frame(int type, int flags, int stream, byte[] payload) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(9 + payload.length);
    for (int part : new int[] {payload.length >> 16, payload.length >> 8, payload.length}) {
      bytes.write(part);
    }
    bytes.write(type);
    bytes.write(flags);
    bytes.writeBytes(bigEndian(stream));
    bytes.writeBytes(payload);
    return bytes.toByteArray();
  }

  static byte[] bigEndian(int value) {
    return new byte[] {
      (byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value
    };
  }

  /** Returns the header block of a call of AudioCapture, each field as a literal. */
  static byte[] call(String method) {
    return callOf("lavalier.v1.AudioCapture/" + method);
  }

  /** Returns the header block of a call: {@code service/method}. */
  static byte[] callOf(String fullMethodName) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    literal(block, ":method", "POST");
    literal(block, ":scheme", "http");
    literal(block, ":path", "/" + fullMethodName);
    literal(block, ":authority", "localhost");
    literal(block, "te", "trailers");
    literal(block, "content-type", "application/grpc");
    return block.toByteArray();
  }

  /** Returns one further field for a header block. */
  static byte[] field(String name, String value) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    literal(block, name, value);
    return block.toByteArray();
  }

  private static void literal(ByteArrayOutputStream block, String name, String value) {
    block.write(0);
    for (String each : new String[] {name, value}) {
      integer(block, each.length());
      block.writeBytes(each.getBytes(StandardCharsets.US_ASCII));
    }
  }

  /** Writes an integer with a prefix of seven bits, as in RFC 7541. */
  private static void integer(ByteArrayOutputStream block, int value) {
    if (value < 127) {
      block.write(value);
      return;
    }
    block.write(127);
    int rest = value - 127;
    while (rest >= 128) {
      block.write((rest & 127) | 128);
      rest >>= 7;
    }
    block.write(rest);
  }

  RawPeer send(byte[] bytes) throws IOException {
    out.write(bytes);
    return this;
  }

  /** Sends the same bytes up to {@code times} times, or until the server closes the connection. */
  void flood(byte[] bytes, int times) {
    try {
      for (int i = 0; i < times; i++) {
        out.write(bytes);
      }
    } catch (IOException e) {
      // The server has closed the connection, as expected.
    }
  }

  /** Reads until the server closes the connection; returns the number of bytes received. */
  long readUntilClosed() {
    long count = 0;
    try {
      byte[] buffer = new byte[8_192];
      int n;
      while ((n = socket.getInputStream().read(buffer)) >= 0) {
        count += n;
      }
    } catch (java.net.SocketTimeoutException e) {
      throw new AssertionError("the server keeps the connection", e);
    } catch (IOException e) {
      // A reset also means closed.
    }
    return count;
  }

  /** Reads until the given text or the end; returns whether the text was found. */
  boolean readsText(String text) throws IOException {
    StringBuilder read = new StringBuilder();
    int next;
    while (read.indexOf(text) < 0 && (next = socket.getInputStream().read()) >= 0) {
      read.append((char) next);
    }
    return read.indexOf(text) >= 0;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
