package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.RawHttp2Client;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import java.io.IOException;

/**
 * Frame streams of 16-bit samples over a client of raw HTTP/2. It reads only when the test does.
 */
record RawSubscriber(RawHttp2Client client) implements AutoCloseable {

  private static StreamFramesRequest request(int frameSize) {
    return StreamFramesRequest.newBuilder().setFrameSize(frameSize).build();
  }

  /** Returns the frame of HTTP/2 with the request of a StreamFrames call. */
  static RawHttp2Client.Frame streamRequest(int stream, int frameSize) {
    return RawHttp2Client.message(stream, request(frameSize).toByteArray(), true);
  }

  /** Starts a StreamFrames call. */
  void stream(int stream, int frameSize) throws IOException {
    client.start(stream, "StreamFrames");
    client.send(streamRequest(stream, frameSize));
  }

  /** Starts a PullFrames call. */
  void pull(int stream, int frameSize, int credit) throws IOException {
    client.start(stream, "PullFrames");
    byte[] first =
        PullFramesRequest.newBuilder()
            .setSubscribe(request(frameSize))
            .setCredit(credit)
            .build()
            .toByteArray();
    client.send(RawHttp2Client.message(stream, first, false));
  }

  /** Reads the next frame of a call. */
  AudioFrame readFrame(int stream) throws IOException {
    while (true) {
      StreamFramesResponse response = StreamFramesResponse.parseFrom(client.readMessage(stream));
      if (response.hasFrame()) {
        return response.getFrame();
      }
    }
  }

  /**
   * Reads frames, each of which follows the last one and its gap, which a busy machine can have.
   */
  void assertInOrder(int stream, int frameSize, int frames) throws IOException {
    long next = -1;
    for (int i = 0; i < frames; i++) {
      next = assertFollows(readFrame(stream), next, frameSize);
    }
  }

  /**
   * Checks a frame, and returns the index of the next sample.
   *
   * @param next the index of the sample after the last frame; -1: there is none
   */
  private static long assertFollows(AudioFrame frame, long next, int frameSize) {
    if (next >= 0) {
      assertThat(frame.getSampleIndex()).isEqualTo(next + lost(frame));
    }
    assertThat(frame.getPcm().size()).isEqualTo(2 * frameSize);
    return frame.getSampleIndex() + frameSize;
  }

  /** Returns the samples that are missing before a frame. */
  static long lost(AudioFrame frame) {
    return frame.hasGap() ? frame.getGap().getSampleCount() : 0;
  }

  /**
   * Reads 20 frames of 16000/1/s16le, and grants more window only when there is almost none.
   *
   * @param window the initial window of the stream
   * @param grant how much more is granted at a time
   */
  void assertWindowsAreKept(int window, int grant) throws IOException {
    int frameSize = 160;
    stream(1, frameSize);
    int granted = window;
    int frames = 0;
    long next = -1;
    while (frames < 20) {
      byte[] message = client.takeMessage(1);
      if (message != null) {
        StreamFramesResponse response = StreamFramesResponse.parseFrom(message);
        if (response.hasFrame()) {
          next = assertFollows(response.getFrame(), next, frameSize);
          frames++;
        }
      } else if (client.read().type() == RawHttp2Client.DATA) {
        assertThat(client.dataBytes(1)).isLessThanOrEqualTo(granted);
        if (granted - client.dataBytes(1) < grant) {
          client.grant(1, grant);
          granted += grant;
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    client.close();
  }
}
