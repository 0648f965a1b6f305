package dev.lavalier.grpc;

import com.google.common.util.concurrent.MoreExecutors;
import dev.lavalier.access.RejectionLog;
import dev.lavalier.common.TimeSource;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.service.ActiveCalls;
import dev.lavalier.service.AudioCaptureCalls;
import dev.lavalier.service.CallAuthorizer;
import dev.lavalier.service.CallObserver;
import dev.lavalier.service.CallServices;
import dev.lavalier.service.RefusalObserver;
import dev.lavalier.service.ServerInfo;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerInterceptor;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import java.io.IOException;
import java.util.Optional;

/**
 * A second server of a hub, without threads of its own: it runs each call on the thread that causes
 * the work. The interceptor of the test sees the messages of all calls.
 */
final class DirectServer implements AutoCloseable {

  private final Server server;
  private final ManagedChannel channel;

  DirectServer(Hub hub, ServerInterceptor interceptor) throws IOException {
    String name = InProcessServerBuilder.generateName();
    TimeSource timeSource = TimeSource.system();
    RejectionLog rejections = new RejectionLog(timeSource);
    server =
        GrpcServer.addServices(
                InProcessServerBuilder.forName(name).directExecutor(),
                hub,
                new AudioCaptureCalls(
                    hub,
                    RefusalObserver.NONE,
                    new ServerInfo("1.2.3-test", HubConfig.DEFAULTS, 4_096, timeSource)),
                () -> new DeliveryLoop(MoreExecutors.newSequentialExecutor(Runnable::run)),
                new HealthStatusManager(),
                new CallServices(
                    new CallAuthorizer(Optional.empty(), Optional.empty(), timeSource, rejections),
                    new ActiveCalls(timeSource, 1),
                    rejections,
                    CallObserver.NONE))
            .intercept(interceptor)
            .build()
            .start();
    channel = InProcessChannelBuilder.forName(name).directExecutor().build();
  }

  ManagedChannel channel() {
    return channel;
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.shutdownNow();
  }
}
