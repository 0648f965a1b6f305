package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.RawCall;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.reflection.v1alpha.ServerReflectionGrpc;
import io.grpc.reflection.v1alpha.ServerReflectionRequest;
import io.grpc.reflection.v1alpha.ServerReflectionResponse;
import io.grpc.reflection.v1alpha.ServiceResponse;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Reflection v1alpha: the same answers, access and limits as v1. */
final class OlderReflectionTest {

  private static final ServerReflectionRequest LIST =
      ServerReflectionRequest.newBuilder().setListServices("").build();

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime().withTokens("ann TOKEN(lav_ann) list=* stream=*");

  private static List<ServerReflectionResponse> reflect(
      Channel channel, ServerReflectionRequest... requests) throws Exception {
    List<ServerReflectionResponse> answers = new ArrayList<>();
    CompletableFuture<List<ServerReflectionResponse>> ended = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> call =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse answer) {
                    answers.add(answer);
                  }

                  @Override
                  public void onError(Throwable t) {
                    ended.completeExceptionally(t);
                  }

                  @Override
                  public void onCompleted() {
                    ended.complete(answers);
                  }
                });
    for (ServerReflectionRequest request : requests) {
      call.onNext(request);
    }
    call.onCompleted();
    return ended.get(10, TimeUnit.SECONDS);
  }

  private Channel ann() {
    return lavalier.channelWith("lav_ann");
  }

  @Test
  void describesTheServices() throws Exception {
    List<ServerReflectionResponse> answers =
        reflect(
            ann(),
            LIST,
            ServerReflectionRequest.newBuilder()
                .setFileContainingSymbol("lavalier.v1.AudioCapture.StreamFrames")
                .build());

    assertThat(answers.get(0).getListServicesResponse().getServiceList())
        .extracting(ServiceResponse::getName)
        .contains("lavalier.v1.AudioCapture", "grpc.reflection.v1.ServerReflection");
    assertThat(answers.get(1).getFileDescriptorResponse().getFileDescriptorProtoList()).hasSize(1);
  }

  @Test
  void needsAKnownCaller() throws Exception {
    RawCall call =
        RawCall.start(lavalier.channel(), ServerReflectionGrpc.getServerReflectionInfoMethod())
            .send(LIST.toByteArray());

    assertThat(call.status().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
  }

  @Test
  void endsWhenAccessEnds() throws Exception {
    RawCall call =
        RawCall.start(ann(), ServerReflectionGrpc.getServerReflectionInfoMethod())
            .send(LIST.toByteArray());
    assertThat(call.isAnswered()).isTrue();
    lavalier.awaitCallsHandled();

    lavalier.writeTokens("");
    lavalier.timeSource().advance(Duration.ofSeconds(2));

    assertThat(call.status().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
  }
}
