package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lavalier.service.CallObserver;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestSubscriber;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.channelz.v1.ChannelzGrpc;
import io.grpc.channelz.v1.GetServersRequest;
import io.grpc.stub.ClientCalls;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the reports of calls and connections to the observer. */
final class CallObserverTest {

  private static final String STREAM = "lavalier.v1.AudioCapture/StreamFrames";

  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime()
          .withObserver(
              new CallObserver() {
                @Override
                public void onConnected() {
                  events.add("connected");
                }

                @Override
                public void onDisconnected() {
                  events.add("disconnected");
                }

                @Override
                public void onCallStarted(String method) {
                  events.add("started " + method);
                }

                @Override
                public void onCallEnded(String method, String code) {
                  events.add("ended " + method + " " + code);
                }
              });

  private String next() throws InterruptedException {
    return events.poll(10, TimeUnit.SECONDS);
  }

  @Test
  void cancelledStreamIsReported() throws Exception {
    TestSubscriber subscriber = lavalier.subscribe(480).requestAll();
    subscriber.nextStarted();
    assertThat(next()).isEqualTo("connected");
    assertThat(next()).isEqualTo("started " + STREAM);
    subscriber.cancel();
    assertThat(next()).isEqualTo("ended " + STREAM + " CANCELLED");
    lavalier.channel().shutdown();
    assertThat(next()).isEqualTo("disconnected");
  }

  @Test
  void completedCallIsReported() throws Exception {
    lavalier.deviceIds();
    assertThat(next()).isEqualTo("connected");
    assertThat(next()).isEqualTo("started lavalier.v1.AudioCapture/ListDevices");
    assertThat(next()).isEqualTo("ended lavalier.v1.AudioCapture/ListDevices OK");
  }

  /** The name of the method comes from the client, so it must not become a label of a metric. */
  @Test
  void unknownMethodIsReportedWithoutItsName() throws Exception {
    MethodDescriptor<byte[], byte[]> invented =
        MethodDescriptor.newBuilder(new EncodedMarshaller(), new EncodedMarshaller())
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("lavalier.v1.AudioCapture/Invented")
            .build();
    Status status =
        catchThrowableOfType(
                StatusRuntimeException.class,
                () ->
                    ClientCalls.blockingUnaryCall(
                        lavalier.channel(), invented, CallOptions.DEFAULT, new byte[0]))
            .getStatus();
    assertThat(status.getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
    assertThat(next()).isEqualTo("connected");
    assertThat(next()).isEqualTo("ended unknown UNIMPLEMENTED");
  }

  @Test
  void channelzDescribesServer() {
    assertThat(
            ChannelzGrpc.newBlockingStub(lavalier.channel())
                .getServers(GetServersRequest.getDefaultInstance())
                .getServerCount())
        .isPositive();
  }
}
