package dev.lavalier.testing;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A client of HTTP/2 whose frames the test chooses. It reads only when the test does, grants no
 * window by itself, and answers only SETTINGS. It counts what counts against the windows of the
 * server, and puts DATA frames together to messages of gRPC. Used by one thread.
 */
public final class RawHttp2Client implements AutoCloseable {

  // Types of frames.

  public static final int DATA = 0;
  public static final int HEADERS = 1;
  public static final int RST_STREAM = 3;
  public static final int SETTINGS = 4;
  public static final int PING = 6;
  public static final int GOAWAY = 7;
  public static final int WINDOW_UPDATE = 8;

  /** The initial window of a connection. */
  public static final int CONNECTION_WINDOW = 65_535;

  private static final int ACK = 1;
  private static final int END_STREAM = 1;
  private static final int END_HEADERS = 4;
  private static final int INITIAL_WINDOW_SIZE = 4;
  private static final int CANCEL = 8;
  private static final int TIMEOUT_MILLIS = 20_000;

  /** One frame of HTTP/2. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Frame(int type, int flags, int stream, byte[] payload) {

    /** Returns whether the frame is the last one of its stream. */
    public boolean endsStream() {
      return (type == DATA || type == HEADERS) && (flags & END_STREAM) != 0;
    }

    /** Returns whether the frame answers a SETTINGS or PING frame. */
    public boolean isAck() {
      return (type == SETTINGS || type == PING) && (flags & ACK) != 0;
    }
  }

  private final AutoCloseable socket;
  private final DataInputStream in;
  private final OutputStream out;
  private final Map<Integer, ByteArrayOutputStream> received = new HashMap<>(); // by stream
  private final Map<Integer, Integer> dataBytes = new HashMap<>(); // by stream
  private int unanswered; // SETTINGS frames of this client

  private RawHttp2Client(AutoCloseable socket, InputStream in, OutputStream out, int initialWindow)
      throws IOException {
    this.socket = socket;
    this.in = new DataInputStream(in);
    this.out = out;
    out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    sendInitialWindow(initialWindow);
  }

  /** Connects over TCP to loopback. */
  public static RawHttp2Client connect(int port, int initialWindow) throws IOException {
    return connect(new InetSocketAddress("localhost", port), initialWindow);
  }

  /** Connects over TCP. */
  public static RawHttp2Client connect(SocketAddress address, int initialWindow)
      throws IOException {
    Socket socket = new Socket();
    socket.connect(address);
    return over(socket, initialWindow);
  }

  /** Uses a connection, for example one with TLS, and closes it at the end. */
  public static RawHttp2Client over(Socket socket, int initialWindow) throws IOException {
    socket.setSoTimeout(TIMEOUT_MILLIS);
    socket.setTcpNoDelay(true);
    return new RawHttp2Client(
        socket, socket.getInputStream(), socket.getOutputStream(), initialWindow);
  }

  /** Connects to a Unix socket. */
  public static RawHttp2Client connect(Path path, int initialWindow) throws IOException {
    SocketChannel socket = SocketChannel.open(UnixDomainSocketAddress.of(path));
    return new RawHttp2Client(
        socket, Channels.newInputStream(socket), Channels.newOutputStream(socket), initialWindow);
  }

  /** Sends frames, all with one write. */
  public void send(Frame... frames) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (Frame frame : frames) {
      unanswered += frame.type() == SETTINGS && !frame.isAck() ? 1 : 0;
      byte[] payload = frame.payload();
      bytes.writeBytes(
          ByteBuffer.allocate(9 + payload.length)
              .putShort((short) (payload.length >> 8))
              .put((byte) payload.length)
              .put((byte) frame.type())
              .put((byte) frame.flags())
              .putInt(frame.stream())
              .put(payload)
              .array());
    }
    out.write(bytes.toByteArray());
    out.flush();
  }

  /** Sets the window of each stream; the windows of open streams change by the difference. */
  public void sendInitialWindow(int bytes) throws IOException {
    byte[] setting =
        ByteBuffer.allocate(6).putShort((short) INITIAL_WINDOW_SIZE).putInt(bytes).array();
    send(new Frame(SETTINGS, 0, 0, setting));
  }

  /** Grants more window to a stream; stream 0: to the connection. */
  public void grant(int stream, int bytes) throws IOException {
    send(new Frame(WINDOW_UPDATE, 0, stream, ByteBuffer.allocate(4).putInt(bytes).array()));
  }

  /** Sends a ping. */
  public void ping() throws IOException {
    send(new Frame(PING, 0, 0, new byte[8]));
  }

  /** Cancels a stream. */
  public void reset(int stream) throws IOException {
    send(new Frame(RST_STREAM, 0, stream, ByteBuffer.allocate(4).putInt(CANCEL).array()));
  }

  /** Starts a call of AudioCapture. */
  public void start(int stream, String method) throws IOException {
    send(headers(stream, method));
  }

  /** Returns the headers that start a call of AudioCapture. */
  public static Frame headers(int stream, String method) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    literal(block, ":method", "POST");
    literal(block, ":scheme", "http");
    literal(block, ":path", "/lavalier.v1.AudioCapture/" + method);
    literal(block, ":authority", "localhost");
    literal(block, "te", "trailers");
    literal(block, "content-type", "application/grpc");
    return new Frame(HEADERS, END_HEADERS, stream, block.toByteArray());
  }

  private static void literal(ByteArrayOutputStream block, String name, String value) {
    block.write(0); // without indexing; each length is below 127
    for (String each : new String[] {name, value}) {
      block.write(each.length());
      block.writeBytes(each.getBytes(StandardCharsets.US_ASCII));
    }
  }

  /** Returns the frame with a message of a call. */
  public static Frame message(int stream, byte[] message, boolean last) {
    byte[] payload =
        ByteBuffer.allocate(5 + message.length)
            .put((byte) 0)
            .putInt(message.length)
            .put(message)
            .array();
    return new Frame(DATA, last ? END_STREAM : 0, stream, payload);
  }

  /**
   * Reads the next frame.
   *
   * @throws EOFException if the server has closed the connection
   */
  public Frame read() throws IOException {
    int size = in.readUnsignedByte() << 16 | in.readUnsignedShort();
    Frame frame =
        new Frame(in.readUnsignedByte(), in.readUnsignedByte(), in.readInt(), in.readNBytes(size));
    if (frame.type() == SETTINGS && frame.isAck()) {
      unanswered--;
    } else if (frame.type() == SETTINGS) {
      send(new Frame(SETTINGS, ACK, 0, new byte[0]));
    }
    if (frame.type() == DATA) {
      received
          .computeIfAbsent(frame.stream(), id -> new ByteArrayOutputStream())
          .writeBytes(frame.payload());
      dataBytes.merge(frame.stream(), size, Integer::sum);
      dataBytes.merge(0, size, Integer::sum);
    }
    return frame;
  }

  /**
   * Reads until a frame of a type arrives, and returns it.
   *
   * @throws EOFException if the server closes the connection first
   */
  public Frame readUntil(int type, boolean ack) throws IOException {
    while (true) {
      Frame frame = read();
      if (frame.type() == type && frame.isAck() == ack) {
        return frame;
      }
    }
  }

  /** Waits until the server has processed all frames sent so far. It does not use a ping. */
  public void awaitProcessed() throws IOException {
    send(new Frame(SETTINGS, 0, 0, new byte[0]));
    while (unanswered > 0) {
      read();
    }
  }

  /** Reads until a call has a whole message, and returns it. */
  public byte[] readMessage(int stream) throws IOException {
    while (true) {
      byte[] message = takeMessage(stream);
      if (message != null) {
        return message;
      }
      Frame frame = read();
      if (frame.type() == GOAWAY || (frame.stream() == stream && frame.endsStream())) {
        throw new EOFException("no further message: " + frame);
      }
    }
  }

  /** Returns the next message of a call, if it has arrived; null: not yet. */
  public byte @Nullable [] takeMessage(int stream) {
    ByteArrayOutputStream buffer =
        received.computeIfAbsent(stream, id -> new ByteArrayOutputStream());
    byte[] bytes = buffer.toByteArray();
    int end = bytes.length < 5 ? Integer.MAX_VALUE : 5 + ByteBuffer.wrap(bytes, 1, 4).getInt();
    if (bytes.length < end) {
      return null;
    }
    buffer.reset();
    buffer.write(bytes, end, bytes.length - end);
    return ByteBuffer.allocate(end - 5).put(bytes, 5, end - 5).array();
  }

  /** Returns the bytes of DATA frames read so far of a stream; stream 0: of all streams. */
  public int dataBytes(int stream) {
    return dataBytes.getOrDefault(stream, 0);
  }

  @Override
  public void close() throws IOException {
    try {
      socket.close();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }
}
