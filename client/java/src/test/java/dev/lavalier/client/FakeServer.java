package dev.lavalier.client;

import dev.lavalier.v1.AdminGrpc;
import dev.lavalier.v1.AudioCaptureGrpc;
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
import io.grpc.stub.StreamObserver;
import io.grpc.testing.GrpcCleanupRule;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.runner.Description;
import org.junit.runners.model.Statement;

/** A server that says what the test tells it: for what a real one says seldom, or not yet. */
public final class FakeServer implements BeforeEachCallback, AfterEachCallback {

  private static final long BOUND_SECONDS = 20;

  private final GrpcCleanupRule cleanup = new GrpcCleanupRule();
  private ManagedChannel channel;
  private final Deque<Script> scripts = new ConcurrentLinkedDeque<>(); // the last one stays
  private final List<StreamFramesRequest> requests = new CopyOnWriteArrayList<>();
  private volatile List<WatchDevicesResponse> changes = List.of();
  private volatile List<Subscription> subscriptions = List.of();
  private volatile boolean holding;
  private final List<StreamObserver<StreamFramesResponse>> streams = new ArrayList<>();

  /** What one stream sends, and how it ends. */
  private record Script(List<StreamFramesResponse> messages, Status end) {}

  /** Makes every stream send these messages, then end with this status. */
  public void says(List<StreamFramesResponse> next, Status end) {
    scripts.clear();
    thenSays(next, end);
  }

  /** Makes the streams after those that are scripted by now send that and end so. */
  public void thenSays(List<StreamFramesResponse> next, Status end) {
    scripts.add(new Script(next, end));
  }

  /** Makes every stream stay open from now on, for the test to feed. */
  public void holds() {
    holding = true;
  }

  /** Waits for so many streams that stay open; returns them in the order in which they came. */
  public List<StreamObserver<StreamFramesResponse>> awaitStreams(int count)
      throws InterruptedException {
    synchronized (streams) {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(BOUND_SECONDS);
      while (streams.size() < count) {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0) {
          throw new AssertionError("%d of %d streams came".formatted(streams.size(), count));
        }
        streams.wait(left);
      }
      return List.copyOf(streams);
    }
  }

  /** Makes it list these subscriptions. */
  public void lists(List<Subscription> next) {
    subscriptions = next;
  }

  /** Makes every watch tell these changes, then end with UNAVAILABLE. */
  public void tells(List<WatchDevicesResponse> next) {
    changes = next;
  }

  /** Returns a client of it. */
  public LavalierClient client() {
    return LavalierClient.over(channel);
  }

  /** Returns a client of it that lives by a clock. */
  LavalierClient client(LongSupplier nanoTime) {
    return LavalierClient.over(channel, Timing.by(nanoTime));
  }

  /** Returns a client of it that lives and waits by the test. */
  LavalierClient client(Timing timing) {
    return LavalierClient.over(channel, timing);
  }

  /** Returns a channel to it, whose listeners run on the thread that feeds a stream. */
  public Channel channel() {
    return channel;
  }

  /** Returns the last request it saw. */
  public StreamFramesRequest lastRequest() {
    return requests.get(requests.size() - 1);
  }

  /** Returns every request for a stream, in their order. */
  public List<StreamFramesRequest> requests() {
    return List.copyOf(requests);
  }

  @Override
  public void beforeEach(ExtensionContext context) throws Exception {
    String name = InProcessServerBuilder.generateName();
    cleanup.register(
        InProcessServerBuilder.forName(name)
            .directExecutor()
            .addService(new Service())
            .addService(new Operator())
            .build()
            .start());
    channel = cleanup.register(InProcessChannelBuilder.forName(name).directExecutor().build());
  }

  @Override
  public void afterEach(ExtensionContext context) throws Exception {
    Statement nothingMore =
        new Statement() {
          @Override
          public void evaluate() {}
        };
    channel.shutdownNow(); // ends what is held
    try {
      cleanup.apply(nothingMore, Description.EMPTY).evaluate();
    } catch (Throwable e) {
      throw new AssertionError("the fake server did not end", e);
    }
  }

  private final class Service extends AudioCaptureGrpc.AudioCaptureImplBase {
    @Override
    public void listDevices(
        ListDevicesRequest request, StreamObserver<ListDevicesResponse> observer) {
      observer.onNext(ListDevicesResponse.getDefaultInstance());
      observer.onCompleted();
    }

    @Override
    public void watchDevices(
        WatchDevicesRequest request, StreamObserver<WatchDevicesResponse> observer) {
      changes.forEach(observer::onNext);
      observer.onError(Status.UNAVAILABLE.withDescription("that was all").asRuntimeException());
    }

    @Override
    public void streamFrames(
        StreamFramesRequest request, StreamObserver<StreamFramesResponse> observer) {
      requests.add(request);
      if (holding) {
        synchronized (streams) {
          streams.add(observer);
          streams.notifyAll();
        }
        return;
      }
      Script script = scripts.size() > 1 ? scripts.remove() : scripts.element();
      script.messages().forEach(observer::onNext);
      if (script.end().isOk()) {
        observer.onCompleted();
      } else {
        observer.onError(script.end().asRuntimeException());
      }
    }
  }

  private final class Operator extends AdminGrpc.AdminImplBase {
    @Override
    public void listSubscriptions(
        ListSubscriptionsRequest request, StreamObserver<ListSubscriptionsResponse> observer) {
      String wanted = request.getDeviceId();
      ListSubscriptionsResponse.Builder response = ListSubscriptionsResponse.newBuilder();
      for (Subscription each : subscriptions) {
        if (wanted.isEmpty() || wanted.equals(each.getDeviceId())) {
          response.addSubscriptions(each);
        }
      }
      observer.onNext(response.build());
      observer.onCompleted();
    }
  }
}
