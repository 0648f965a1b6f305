package dev.lavalier.testing;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;

/**
 * One PullFrames call. The transport takes every message as it comes: credit alone bounds it. One
 * thread.
 */
public final class TestPuller {

  private final ClientCall<PullFramesRequest, StreamFramesResponse> call;
  private final TestSubscriber received;

  private TestPuller(Channel channel) {
    call = channel.newCall(AudioCaptureGrpc.getPullFramesMethod(), CallOptions.DEFAULT);
    received = new TestSubscriber(call).requestAll();
  }

  /** Calls, with a first message. */
  public static TestPuller pull(Channel channel, PullFramesRequest first) {
    return new TestPuller(channel).send(first);
  }

  /** Calls, and says nothing yet. */
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

  /** Says that no more will be granted. */
  public TestPuller halfClose() {
    call.halfClose();
    return this;
  }

  /** Returns what has come. */
  public TestSubscriber received() {
    return received;
  }
}
