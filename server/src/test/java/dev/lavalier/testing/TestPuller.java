package dev.lavalier.testing;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;

/**
 * One PullFrames call. The transport accepts every message immediately, so only credit limits the
 * frames. For use by one thread.
 */
public final class TestPuller {

  private final ClientCall<PullFramesRequest, StreamFramesResponse> call;
  private final TestSubscriber received;

  private TestPuller(Channel channel) {
    call = channel.newCall(AudioCaptureGrpc.getPullFramesMethod(), CallOptions.DEFAULT);
    received = new TestSubscriber(call).requestAll();
  }

  /** Starts a call with a first message. */
  public static TestPuller pull(Channel channel, PullFramesRequest first) {
    return new TestPuller(channel).send(first);
  }

  /** Starts a call without a message. */
  public static TestPuller withoutRequest(Channel channel) {
    return new TestPuller(channel);
  }

  /** Sends a message. */
  public TestPuller send(PullFramesRequest request) {
    call.sendMessage(request);
    return this;
  }

  /** Grants credit. */
  public TestPuller grant(int credit) {
    return send(PullFramesRequest.newBuilder().setCredit(credit).build());
  }

  /** Signals that no more credit follows. */
  public TestPuller halfClose() {
    call.halfClose();
    return this;
  }

  /** Returns the received messages. */
  public TestSubscriber received() {
    return received;
  }
}
