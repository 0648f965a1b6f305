package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.HubConfig;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.netty.UnixSocket;
import dev.lavalier.testing.SlowTest;
import dev.lavalier.testing.TcpServer;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Tests how much audio waits in the kernel for a subscriber that does not read its Unix socket. Its
 * flow-control windows are as large as possible, so that only the socket limits what is sent.
 */
@EnabledOnOs(OS.LINUX)
@SlowTest
final class UnixSocketStallTest {

  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int SETTINGS = 4;
  private static final int WINDOW_UPDATE = 8;
  private static final int END_STREAM = 1;
  private static final int END_HEADERS = 4;

  @TempDir Path dir;

  /** A subscriber over HTTP/2 that reads only when the test does. */
  private static final class RawSubscriber implements AutoCloseable {

    private final SocketChannel socket;
    private final DataInputStream in;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream(); // of one message

    RawSubscriber(Path path, StreamFramesRequest request) throws IOException {
      socket = SocketChannel.open(UnixDomainSocketAddress.of(path));
      in = new DataInputStream(Channels.newInputStream(socket));
      OutputStream out = Channels.newOutputStream(socket);
      out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      byte[] window = ByteBuffer.allocate(6).putShort((short) 4).putInt(0x7fff_ffff).array();
      out.write(frame(SETTINGS, 0, 0, window));
      out.write(frame(WINDOW_UPDATE, 0, 0, ByteBuffer.allocate(4).putInt(0x7fff_0000).array()));
      out.write(frame(HEADERS, END_HEADERS, 1, headers()));
      byte[] message = request.toByteArray();
      ByteBuffer data = ByteBuffer.allocate(5 + message.length);
      data.put((byte) 0).putInt(message.length).put(message);
      out.write(frame(DATA, END_STREAM, 1, data.array()));
    }

    private static byte[] frame(int type, int flags, int stream, byte[] payload) {
      return ByteBuffer.allocate(9 + payload.length)
          .putShort((short) (payload.length >> 8))
          .put((byte) payload.length)
          .put((byte) type)
          .put((byte) flags)
          .putInt(stream)
          .put(payload)
          .array();
    }

    private static byte[] headers() {
      ByteArrayOutputStream block = new ByteArrayOutputStream();
      literal(block, ":method", "POST");
      literal(block, ":scheme", "http");
      literal(block, ":path", "/lavalier.v1.AudioCapture/StreamFrames");
      literal(block, ":authority", "localhost");
      literal(block, "te", "trailers");
      literal(block, "content-type", "application/grpc");
      return block.toByteArray();
    }

    private static void literal(ByteArrayOutputStream block, String name, String value) {
      block.write(0); // without indexing; each length is below 127
      for (String each : new String[] {name, value}) {
        block.write(each.length());
        block.writeBytes(each.getBytes(StandardCharsets.US_ASCII));
      }
    }

    /** Returns the next message of the stream. */
    StreamFramesResponse read() throws IOException {
      while (true) {
        byte[] bytes = received.toByteArray();
        int length = bytes.length < 5 ? 0 : ByteBuffer.wrap(bytes, 1, 4).getInt();
        if (bytes.length >= 5 && bytes.length >= 5 + length) {
          received.reset();
          received.write(bytes, 5 + length, bytes.length - 5 - length);
          return StreamFramesResponse.parseFrom(ByteBuffer.wrap(bytes, 5, length));
        }
        int size = in.readUnsignedShort() << 8 | in.readUnsignedByte();
        int type = in.readUnsignedByte();
        in.skipNBytes(5); // flags, stream
        byte[] payload = in.readNBytes(size);
        if (type == DATA) {
          received.writeBytes(payload);
        }
      }
    }

    AudioFrame readFrame() throws IOException {
      StreamFramesResponse response = read();
      while (!response.hasFrame()) {
        response = read();
      }
      return response.getFrame();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  /** What is held includes two frames in the transport: docs/architecture.md has the places. */
  @ParameterizedTest
  @CsvSource({"16000/1/s16le, 160, 150", "48000/2/s16le, 480, 80", "96000/8/s32le, 960, 40"})
  void kernelHoldsLittleAudioForSubscriberThatDoesNotRead(
      String format, int frameSize, int maxMillis) throws Exception {
    Path path = dir.resolve("s");
    try (TcpServer server =
            TcpServer.start(
                new UnixSocket(path, PosixFilePermissions.fromString("rw-------")),
                format,
                HubConfig.DEFAULTS,
                TransportLimits.DEFAULTS,
                TcpServer.Access.UNRESTRICTED);
        RawSubscriber stalled =
            new RawSubscriber(
                path, StreamFramesRequest.newBuilder().setFrameSize(frameSize).build());
        RawSubscriber reading =
            new RawSubscriber(
                path, StreamFramesRequest.newBuilder().setFrameSize(frameSize).build())) {
      int rate = Integer.parseInt(format.substring(0, format.indexOf('/')));
      long first = stalled.readFrame().getSampleIndex();
      while (reading.readFrame().getSampleIndex() < first + 2L * rate) {} // the stall lasts 2 s

      long held = 0;
      while (held < rate && !stalled.readFrame().hasGap()) {
        held += frameSize;
      }
      assertThat(server.hub().subscriptions()).hasSize(2);
      assertThat(held * 1_000 / rate).isLessThanOrEqualTo(maxMillis);
    }
  }
}
