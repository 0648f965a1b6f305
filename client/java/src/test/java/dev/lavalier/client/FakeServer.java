package dev.lavalier.client;

import dev.lavalier.v1.AdminGrpc;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.GetServerInfoRequest;
import dev.lavalier.v1.GetServerInfoResponse;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.ListDevicesResponse;
import dev.lavalier.v1.ListSubscriptionsRequest;
import dev.lavalier.v1.ListSubscriptionsResponse;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.Subscription;
import dev.lavalier.v1.WatchDevicesRequest;
import dev.lavalier.v1.WatchDevicesResponse;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.grpc.testing.GrpcCleanupRule;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.runner.Description;
import org.junit.runners.model.Statement;

/**
 * A server with scripted answers, for messages that a real server rarely sends or does not send
 * yet.
 */
public final class FakeServer implements BeforeEachCallback, AfterEachCallback {

  private static final long TIMEOUT_SECONDS = 20;

  private final GrpcCleanupRule cleanup = new GrpcCleanupRule();
  private ManagedChannel channel;
  private final Deque<ScriptedStream> scripts =
      new ConcurrentLinkedDeque<>(); // the last one is used repeatedly
  private final List<StreamFramesRequest> requests = new CopyOnWriteArrayList<>();
  private final Deque<List<WatchDevicesResponse>> changes =
      new ConcurrentLinkedDeque<>(List.of(List.of())); // the last one is used repeatedly
  private volatile boolean keepingWatchesOpen;
  private volatile List<Subscription> subscriptions = List.of();
  private volatile @Nullable GetServerInfoResponse serverInfo; // null: none
  private volatile boolean keepingStreamsOpen;
  private volatile TimeSource timeSource = TimeSource.system();
  private final List<StreamObserver<StreamFramesResponse>> streams = new ArrayList<>();

  /** The messages of one stream and its final status; null: the stream does not end. */
  private record ScriptedStream(List<StreamFramesResponse> messages, @Nullable Status status) {}

  /** Lets every stream send these messages and end with this status; null: it does not end. */
  public void respondWith(List<StreamFramesResponse> messages, @Nullable Status status) {
    scripts.clear();
    thenRespondWith(messages, status);
  }

  /** Adds a script for the streams after those that are already scripted. */
  public void thenRespondWith(List<StreamFramesResponse> messages, @Nullable Status status) {
    scripts.add(new ScriptedStream(messages, status));
  }

  /** Adds a script without an answer. */
  public void thenStaySilent() {
    scripts.add(new ScriptedStream(List.of(), null));
  }

  /** Keeps every later stream open, so that the test can feed it. */
  public void keepStreamsOpen() {
    keepingStreamsOpen = true;
  }

  /** Waits for {@code count} open streams; returns them in the order of their arrival. */
  public List<StreamObserver<StreamFramesResponse>> awaitStreams(int count)
      throws InterruptedException {
    synchronized (streams) {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
      while (streams.size() < count) {
        long remaining = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (remaining <= 0) {
          throw new AssertionError("%d of %d streams were opened".formatted(streams.size(), count));
        }
        streams.wait(remaining);
      }
      return List.copyOf(streams);
    }
  }

  /** Sets the subscriptions that the server lists. */
  public void setSubscriptions(List<Subscription> next) {
    subscriptions = next;
  }

  /**
   * Sets the properties of the server. Without them, it is a server that does not have the call.
   */
  public void setServerInfo(GetServerInfoResponse next) {
    serverInfo = next;
  }

  /** Lets every watch report these changes and end with UNAVAILABLE. */
  public void setDeviceChanges(List<WatchDevicesResponse> next) {
    changes.clear();
    thenSetDeviceChanges(next);
  }

  /** Adds changes for the watches after those that are already scripted. */
  public void thenSetDeviceChanges(List<WatchDevicesResponse> next) {
    changes.add(next);
  }

  /** Keeps every later watch open after its changes. */
  public void keepWatchesOpen() {
    keepingWatchesOpen = true;
  }

  /** Lets the waits of the clients pass at once. */
  public void skipWaits() {
    AtomicLong now = new AtomicLong();
    timeSource =
        new TimeSource(
            now::get,
            (cancelled, nanos) -> {
              if (cancelled.getCount() == 0) {
                return true;
              }
              now.addAndGet(nanos);
              return false;
            },
            () -> 1);
  }

  /** Returns a client of this server. */
  public LavalierClient client() {
    return LavalierClient.over(channel, timeSource);
  }

  /** Returns a client of this server with an injected clock. */
  LavalierClient client(LongSupplier nanoTime) {
    return LavalierClient.over(channel, TimeSource.withNanoTime(nanoTime));
  }

  /** Returns a client of this server with an injected time source. */
  LavalierClient client(TimeSource timeSource) {
    return LavalierClient.over(channel, timeSource);
  }

  /** Returns a channel to this server; its listeners run on the thread that feeds a stream. */
  public Channel channel() {
    return channel;
  }

  /** Returns the last request for a stream. */
  public StreamFramesRequest lastRequest() {
    return requests.get(requests.size() - 1);
  }

  /** Returns all requests for streams, in order. */
  public List<StreamFramesRequest> requests() {
    return List.copyOf(requests);
  }

  @Override
  public void beforeEach(ExtensionContext context) throws Exception {
    String name = InProcessServerBuilder.generateName();
    cleanup.register(
        InProcessServerBuilder.forName(name)
            .directExecutor()
            .addService(new AudioCaptureService())
            .addService(new AdminService())
            .build()
            .start());
    channel = cleanup.register(InProcessChannelBuilder.forName(name).directExecutor().build());
  }

  @Override
  public void afterEach(ExtensionContext context) throws Exception {
    Statement emptyStatement =
        new Statement() {
          @Override
          public void evaluate() {}
        };
    channel.shutdownNow(); // ends the open streams
    try {
      cleanup.apply(emptyStatement, Description.EMPTY).evaluate();
    } catch (Throwable e) {
      throw new AssertionError("the fake server did not stop", e);
    }
  }

  private final class AudioCaptureService extends AudioCaptureGrpc.AudioCaptureImplBase {
    @Override
    public void listDevices(
        ListDevicesRequest request, StreamObserver<ListDevicesResponse> observer) {
      observer.onNext(ListDevicesResponse.getDefaultInstance());
      observer.onCompleted();
    }

    @Override
    public void getServerInfo(
        GetServerInfoRequest request, StreamObserver<GetServerInfoResponse> observer) {
      GetServerInfoResponse response = serverInfo;
      if (response == null) {
        super.getServerInfo(request, observer);
        return;
      }
      observer.onNext(response);
      observer.onCompleted();
    }

    @Override
    public void watchDevices(
        WatchDevicesRequest request, StreamObserver<WatchDevicesResponse> observer) {
      List<WatchDevicesResponse> next = changes.size() > 1 ? changes.remove() : changes.element();
      next.forEach(observer::onNext);
      if (keepingWatchesOpen) {
        return;
      }
      observer.onError(Status.UNAVAILABLE.withDescription("that was all").asRuntimeException());
    }

    @Override
    public void streamFrames(
        StreamFramesRequest request, StreamObserver<StreamFramesResponse> observer) {
      requests.add(request);
      // Otherwise onNext would fail if the client cancels first.
      ((ServerCallStreamObserver<StreamFramesResponse>) observer).setOnCancelHandler(() -> {});
      if (keepingStreamsOpen) {
        synchronized (streams) {
          streams.add(observer);
          streams.notifyAll();
        }
        return;
      }
      ScriptedStream script = scripts.size() > 1 ? scripts.remove() : scripts.element();
      script.messages().forEach(observer::onNext);
      if (script.status() == null) {
        return;
      }
      if (script.status().isOk()) {
        observer.onCompleted();
      } else {
        observer.onError(script.status().asRuntimeException());
      }
    }
  }

  private final class AdminService extends AdminGrpc.AdminImplBase {
    @Override
    public void listSubscriptions(
        ListSubscriptionsRequest request, StreamObserver<ListSubscriptionsResponse> observer) {
      String deviceId = request.getDeviceId();
      ListSubscriptionsResponse.Builder response = ListSubscriptionsResponse.newBuilder();
      for (Subscription each : subscriptions) {
        if (deviceId.isEmpty() || deviceId.equals(each.getDeviceId())) {
          response.addSubscriptions(each);
        }
      }
      observer.onNext(response.build());
      observer.onCompleted();
    }
  }
}
