package dev.lavalier.testing;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A connection to a server of HTTP/1.1 and WebSocket, for valid and invalid bytes. It reads for at
 * most 20 s. Used by one thread.
 */
public final class HttpSocket implements AutoCloseable {

  private static final int TIMEOUT_MILLIS = 20_000;
  private static final int BUFFER_BYTES = 1_024; // small: a test has 10,000 of them

  /** The opcodes of frames. */
  public static final int CONTINUATION = 0;

  public static final int TEXT = 1;
  public static final int BINARY = 2;
  public static final int CLOSE = 8;
  public static final int PING = 9;
  public static final int PONG = 10;

  private final Socket socket;
  private final DataInputStream in;

  /**
   * A response, or its head if it has no length.
   *
   * @param status the status code
   * @param headers the lines of the head after the status line
   * @param body the body; empty: it has no length
   */
  public record Response(int status, List<String> headers, String body) {

    /** Returns the value of a header; empty: there is none. */
    public Optional<String> header(String name) {
      String start = name.toLowerCase(Locale.ROOT) + ":";
      return headers.stream()
          .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(start))
          .map(line -> line.substring(start.length()).strip())
          .findFirst();
    }
  }

  /**
   * A frame of a WebSocket.
   *
   * @param opcode its opcode
   * @param payload its payload, as one byte per character
   */
  public record Frame(int opcode, String payload) {

    /** Returns the bytes of the payload. */
    public byte[] bytes() {
      return payload.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Returns the code of a close frame. */
    public int closeCode() {
      return (bytes()[0] & 0xFF) << 8 | (bytes()[1] & 0xFF);
    }

    /** Returns the reason of a close frame. */
    public String closeReason() {
      return new String(bytes(), 2, bytes().length - 2, StandardCharsets.UTF_8);
    }
  }

  /** Connects to a port on loopback. */
  public HttpSocket(int port) throws IOException {
    this(new Socket(InetAddress.getLoopbackAddress(), port), BUFFER_BYTES);
  }

  /**
   * Uses a connected socket, for example one with TLS. Reads from it only what a test asks for, so
   * the test decides when its window opens.
   */
  public HttpSocket(Socket socket) throws IOException {
    this(socket, 0);
  }

  private HttpSocket(Socket socket, int bufferBytes) throws IOException {
    this.socket = socket;
    socket.setSoTimeout(TIMEOUT_MILLIS);
    socket.setTcpNoDelay(true);
    InputStream in = socket.getInputStream();
    this.in = new DataInputStream(bufferBytes == 0 ? in : new BufferedInputStream(in, bufferBytes));
  }

  /** Returns a WebSocket for a method of AudioCapture. */
  public static HttpSocket call(int port, String method) throws IOException {
    HttpSocket socket = new HttpSocket(port);
    Response response = socket.upgrade("/lavalier.v1.AudioCapture/" + method, "lavalier.v1");
    if (response.status() != 101) {
      throw new IOException("refused: " + response);
    }
    return socket;
  }

  /** Sends the same bytes until it has sent enough, or the server closes the connection. */
  public HttpSocket flood(byte[] bytes, int totalBytes) {
    try {
      for (int sent = 0; sent < totalBytes; sent += bytes.length) {
        send(bytes);
      }
    } catch (IOException e) {
      // The server has closed the connection.
    }
    return this;
  }

  /** Sends bytes. */
  public HttpSocket send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return this;
  }

  /** Sends a text of ASCII. */
  public HttpSocket send(String text) throws IOException {
    return send(text.getBytes(StandardCharsets.US_ASCII));
  }

  /** Sends a request for localhost, with further header lines, and reads the response. */
  public Response request(String method, String target, String... headers) throws IOException {
    return requestOf("localhost", method, target, headers);
  }

  /** Sends a request for a host, with further header lines, and reads the response. */
  public Response requestOf(String host, String method, String target, String... headers)
      throws IOException {
    List<String> lines = new ArrayList<>(List.of(method + " " + target + " HTTP/1.1"));
    lines.add("Host: " + host);
    lines.addAll(List.of(headers));
    send(String.join("\r\n", lines) + "\r\n\r\n");
    return response(method.equals("HEAD"));
  }

  /** Requests a WebSocket at a path, with further header lines, and reads the response. */
  public Response upgrade(String path, String protocols, String... headers) throws IOException {
    List<String> lines =
        new ArrayList<>(
            List.of(
                "Upgrade: websocket",
                "Connection: keep-alive, Upgrade",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Protocol: " + protocols));
    lines.addAll(List.of(headers));
    return request("GET", path, lines.toArray(String[]::new));
  }

  /** Reads a response. */
  public Response response() throws IOException {
    return response(false);
  }

  private Response response(boolean withoutBody) throws IOException {
    String status = line();
    List<String> headers = new ArrayList<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      headers.add(line);
    }
    Response head = new Response(Integer.parseInt(status.split(" ", 3)[1]), headers, "");
    int length = head.header("Content-Length").map(Integer::parseInt).orElse(0);
    byte[] body = withoutBody ? new byte[0] : in.readNBytes(length);
    return new Response(head.status(), headers, new String(body, StandardCharsets.UTF_8));
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new EOFException("closed after: " + line);
      }
      line.append((char) next);
    }
    return line.toString().stripTrailing();
  }

  /** Reads bytes. */
  public byte[] read(int count) throws IOException {
    byte[] bytes = new byte[count];
    in.readFully(bytes);
    return bytes;
  }

  /** Sends a binary message. */
  public HttpSocket message(byte[] payload) throws IOException {
    return frame(BINARY, true, payload);
  }

  /** Sends a frame with a mask. */
  public HttpSocket frame(int opcode, boolean isFinal, byte[] payload) throws IOException {
    return send(frameBytes(opcode, isFinal, payload));
  }

  /** Returns the bytes of a frame with a mask of zeros. */
  public static byte[] frameBytes(int opcode, boolean isFinal, byte[] payload) {
    boolean isLong = payload.length > 125;
    byte[] frame = new byte[(isLong ? 8 : 6) + payload.length];
    frame[0] = (byte) (opcode | (isFinal ? 0x80 : 0));
    frame[1] = (byte) (0x80 | (isLong ? 126 : payload.length));
    if (isLong) {
      frame[2] = (byte) (payload.length >> 8);
      frame[3] = (byte) payload.length;
    }
    System.arraycopy(payload, 0, frame, frame.length - payload.length, payload.length);
    return frame;
  }

  /** Reads the next frame, which has no mask. */
  public Frame frame() throws IOException {
    int opcode = in.readUnsignedByte() & 0x0F;
    int length = in.readUnsignedByte();
    if (length == 126) {
      length = in.readUnsignedShort();
    } else if (length == 127) {
      length = Math.toIntExact(in.readLong());
    }
    return new Frame(opcode, new String(read(length), StandardCharsets.ISO_8859_1));
  }

  /** Reads the next message. Ignores pings. */
  public byte[] message() throws IOException {
    Frame next = frame();
    while (next.opcode() == PING) {
      next = frame();
    }
    if (next.opcode() != BINARY) {
      throw new IOException("not a message: " + next);
    }
    return next.bytes();
  }

  /** Reads until the close frame of the server. */
  public Frame closeFrame() throws IOException {
    Frame next = frame();
    while (next.opcode() != CLOSE) {
      next = frame();
    }
    return next;
  }

  /** Reads until the server closes the connection. Returns whether it does within 20 s. */
  public boolean isClosedByServer() {
    try {
      in.skipNBytes(Long.MAX_VALUE);
      return false;
    } catch (EOFException e) {
      return true;
    } catch (java.net.SocketTimeoutException e) {
      return false;
    } catch (IOException e) {
      return true; // reset
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
