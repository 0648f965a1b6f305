package dev.lavalier.netty;

import dev.lavalier.access.RejectionLog;
import dev.lavalier.common.FailureLog;
import dev.lavalier.common.TimeSource;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Serves small pages over HTTP/1.1 without TLS, on a thread of its own. Each connection gets one
 * response and is then closed. It has {@link #TIMEOUT} to send its request, and as long to read the
 * response.
 *
 * <p>At most {@value #MAX_CONNECTIONS} connections are open. A further one replaces the connection
 * that has waited longest without a request. So peers that send nothing do not keep others out.
 *
 * <p>{@link #close} can be called from any thread.
 */
public final class HttpListener implements AutoCloseable {

  /** The maximum number of open connections. */
  static final int MAX_CONNECTIONS = 64;

  static final Duration TIMEOUT = Duration.ofSeconds(2);

  private static final int MAX_LINE_BYTES = 4_096;
  private static final int MAX_HEADER_BYTES = 8_192;
  private static final int MAX_BODY_BYTES = 1_024;

  /**
   * A request.
   *
   * @param method the method, for example GET
   * @param path the path, decoded; empty: the target has none
   * @param host the host and port of the target if it is a URL, otherwise the header Host; empty:
   *     there is none
   * @param accept the header Accept; empty: there is none
   */
  public record Request(
      String method, String path, Optional<String> host, Optional<String> accept) {}

  /**
   * A response.
   *
   * @param status the status code
   * @param headers the headers, except Content-Length and Connection
   * @param body the body, which a response to HEAD omits
   */
  public record Response(int status, Map<String, String> headers, String body) {}

  private final EventLoopGroup group;
  private final Channel listener;
  private final Function<Request, Response> pages;
  private final FailureLog failures =
      new FailureLog(TimeSource.system(), LoggerFactory.getLogger(HttpListener.class), "a request");
  private final Set<Channel> waiting = new LinkedHashSet<>(); // for a request; the oldest first
  private int open;

  /**
   * Starts to listen. Blocks until the port is bound.
   *
   * @param address the address to listen on; port 0 selects a free port
   * @param threadName the name of the thread
   * @param pages returns the response to a request; runs on the thread, and delays other requests
   * @throws IOException if the server cannot listen on the address
   */
  public HttpListener(
      InetSocketAddress address, String threadName, Function<Request, Response> pages)
      throws IOException {
    this.pages = pages;
    this.group =
        new MultiThreadIoEventLoopGroup(
            1,
            task -> {
              Thread thread = new Thread(task, threadName);
              thread.setDaemon(true);
              return thread;
            },
            NioIoHandler.newFactory());
    ChannelFuture bound =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .handler(new AcceptFailureHandler(new RejectionLog(TimeSource.system())))
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            new HttpServerCodec(MAX_LINE_BYTES, MAX_HEADER_BYTES, MAX_BODY_BYTES),
                            new HttpObjectAggregator(MAX_BODY_BYTES, true),
                            new Connection());
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      close();
      throw new IOException(bound.cause().getMessage(), bound.cause());
    }
    this.listener = bound.channel();
  }

  /** Returns the address that the server listens on. */
  public InetSocketAddress address() {
    return (InetSocketAddress) listener.localAddress();
  }

  /** Closes all connections. Waits for at most 2 s for a request that is being served. */
  @Override
  public void close() {
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
  }

  /** One connection. Everything runs on the one thread, so nothing is locked. */
  private final class Connection extends SimpleChannelInboundHandler<FullHttpRequest> {

    private @Nullable Future<?> timeout; // null: not active yet

    @Override
    public void channelActive(ChannelHandlerContext context) {
      waiting.add(context.channel());
      if (++open > MAX_CONNECTIONS) {
        Iterator<Channel> oldest = waiting.iterator();
        Channel evicted = oldest.next(); // this connection, if all others have sent a request
        oldest.remove();
        var unused = evicted.close();
      }
      restartTimeout(context);
    }

    private void restartTimeout(ChannelHandlerContext context) {
      if (timeout != null) {
        timeout.cancel(false);
      }
      Runnable close =
          () -> {
            var unused = context.close();
          };
      timeout = context.executor().schedule(close, TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      if (timeout != null) {
        timeout.cancel(false);
        open--;
      }
      waiting.remove(context.channel());
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
      if (!waiting.remove(context.channel())) {
        return; // closed, or this is a second request
      }
      restartTimeout(context);
      var unused = context.writeAndFlush(respond(request)).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      var unused = context.close(); // for example a reset; failures of a page are logged before
    }
  }

  private FullHttpResponse respond(FullHttpRequest request) {
    Response response;
    try {
      response =
          request.decoderResult().isFailure() || request.headers().getAll("Host").size() > 1
              ? new Response(400, Map.of(), "not understood\n")
              : pages.apply(parsed(request));
    } catch (RuntimeException | Error e) {
      failures.report("a request", e);
      response = new Response(500, Map.of(), "failed, see the log of the server\n");
    }
    byte[] body = response.body().getBytes(StandardCharsets.UTF_8);
    FullHttpResponse sent =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(response.status()),
            request.method().equals(HttpMethod.HEAD)
                ? Unpooled.EMPTY_BUFFER
                : Unpooled.wrappedBuffer(body));
    response.headers().forEach((name, value) -> sent.headers().set(name, value));
    sent.headers().set(HttpHeaderNames.CONTENT_LENGTH, body.length);
    sent.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    return sent;
  }

  private static Request parsed(FullHttpRequest request) {
    String path = null;
    String host = request.headers().get(HttpHeaderNames.HOST);
    try {
      URI target = new URI(request.uri());
      path = target.getPath();
      if (target.isAbsolute() && target.getRawAuthority() != null) {
        host = target.getRawAuthority(); // RFC 9112, 3.2.2
      }
    } catch (URISyntaxException e) {
      // It has no path.
    }
    return new Request(
        request.method().name(),
        path == null ? "" : path,
        Optional.ofNullable(host),
        Optional.ofNullable(request.headers().get(HttpHeaderNames.ACCEPT)));
  }
}
