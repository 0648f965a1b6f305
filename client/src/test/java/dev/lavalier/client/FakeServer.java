package dev.lavalier.client;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.ListDevicesResponse;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
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
import java.util.List;
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
  private volatile List<StreamFramesResponse> messages = List.of();
  private volatile Status status = Status.OK;
  private volatile StreamFramesRequest lastRequest;
  private volatile List<WatchDevicesResponse> changes = List.of();
  private volatile boolean holding;
  private final List<StreamObserver<StreamFramesResponse>> streams = new ArrayList<>();

  /** Makes every stream send these messages, then end with this status. */
  public void says(List<StreamFramesResponse> next, Status end) {
    messages = next;
    status = end;
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
    return LavalierClient.over(channel, nanoTime);
  }

  /** Returns a channel to it, whose listeners run on the thread that feeds a stream. */
  public Channel channel() {
    return channel;
  }

  /** Returns the last request it saw. */
  public StreamFramesRequest lastRequest() {
    return lastRequest;
  }

  @Override
  public void beforeEach(ExtensionContext context) throws Exception {
    String name = InProcessServerBuilder.generateName();
    cleanup.register(
        InProcessServerBuilder.forName(name)
            .directExecutor()
            .addService(new Service())
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
      lastRequest = request;
      if (holding) {
        synchronized (streams) {
          streams.add(observer);
          streams.notifyAll();
        }
        return;
      }
      messages.forEach(observer::onNext);
      if (status.isOk()) {
        observer.onCompleted();
      } else {
        observer.onError(status.asRuntimeException());
      }
    }
  }
}
