package dev.lavalier.netty;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.access.RejectionLog;
import dev.lavalier.common.TimeSource;
import dev.lavalier.testing.RawHttp2Client;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A server of HTTP/2 over TCP whose streams do what the test says. */
final class Http2Server implements AutoCloseable {

  /** A stream as the server sees it. */
  record Opened(ChannelHandlerContext http2, int id, @Nullable DirectStream direct) {

    /** Runs a task on the event loop. */
    <T> T onLoop(Callable<T> task) throws Exception {
      return http2.executor().submit(task).get(20, TimeUnit.SECONDS);
    }

    /** Returns the ordinary path. */
    Http2ConnectionEncoder encoder() {
      return ((Http2ConnectionHandler) http2.handler()).encoder();
    }

    /** Writes headers, which a flush sends. */
    void writeHeaders(boolean last) {
      var unused =
          encoder()
              .writeHeaders(
                  http2, id, new DefaultHttp2Headers().status("200"), 0, last, http2.newPromise());
    }

    /** Sends headers. */
    Opened withHeaders() throws Exception {
      return onLoop(
          () -> {
            writeHeaders(false);
            http2.flush();
            return this;
          });
    }

    /** Sends a payload directly, of which each byte has one value. */
    boolean send(int bytes, int value) throws Exception {
      return onLoop(() -> sendNow(bytes, value));
    }

    /** The same, on the event loop. */
    boolean sendNow(int bytes, int value) {
      DataFrame frame = new DataFrame();
      frame.start(bytes).put(payload(bytes, value));
      return direct.send(frame);
    }

    /** Returns what HTTP/2 would still send; stream 0: of the connection. */
    int window(int stream) throws Exception {
      Http2Connection connection = ((Http2ConnectionHandler) http2.handler()).connection();
      Http2Stream each = connection.stream(stream);
      return onLoop(() -> connection.remote().flowController().windowSize(each));
    }
  }

  private final BlockingQueue<Opened> opened = new LinkedBlockingQueue<>();
  private final NettyTransport<Executor> transport;
  private final Channel listener;

  Http2Server(boolean directFrames, Optional<ServerTls> tls) throws Exception {
    transport =
        new NettyTransport<>(
            TransportLimits.DEFAULTS,
            tls,
            new RejectionLog(TimeSource.system()),
            directFrames,
            executor -> executor);
    listener =
        transport.listen(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            "h2",
            connection -> connection.pipeline().addLast(http2()));
  }

  private Http2ConnectionHandler http2() {
    return new Http2ConnectionHandlerBuilder()
        .server(true)
        .gracefulShutdownTimeoutMillis(0)
        .frameListener(
            new Http2FrameAdapter() {
              @Override
              public void onHeadersRead(
                  ChannelHandlerContext context,
                  int stream,
                  Http2Headers headers,
                  int dependency,
                  short weight,
                  boolean exclusive,
                  int padding,
                  boolean last) {
                opened.add(new Opened(context, stream, DirectStream.beingRead()));
              }

              @Override
              public void onHeadersRead(
                  ChannelHandlerContext context,
                  int stream,
                  Http2Headers headers,
                  int padding,
                  boolean last) {
                opened.add(new Opened(context, stream, DirectStream.beingRead()));
              }
            })
        .build();
  }

  SocketAddress address() {
    return listener.localAddress();
  }

  long directMessages() {
    return transport.directMessages();
  }

  /** Opens a stream of a client. */
  Opened open(RawHttp2Client client, int stream) throws Exception {
    client.start(stream, "Test");
    return next();
  }

  /** Waits for the next stream that a client opens. */
  Opened next() throws InterruptedException {
    Opened next = opened.poll(20, TimeUnit.SECONDS);
    assertThat(next).isNotNull();
    return next;
  }

  /** Returns bytes that all have one value. */
  static byte[] payload(int bytes, int value) {
    byte[] payload = new byte[bytes];
    Arrays.fill(payload, (byte) value);
    return payload;
  }

  @Override
  public void close() {
    listener.close().syncUninterruptibly();
    transport.close();
  }
}
