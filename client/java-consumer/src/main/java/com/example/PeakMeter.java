package com.example;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.StreamOptions;
import java.nio.ByteBuffer;

/** An application that measures the peak of the next frames of the default device. */
public final class PeakMeter {

  private PeakMeter() {}

  /** Returns the largest sample, 0 to 32,768, of the next {@code frames} frames of a server. */
  public static int peak(String server, int frames) throws LavalierException {
    StreamOptions options = StreamOptions.builder().format("16000/1/s16le").build();
    int peak = 0;
    try (LavalierClient client = LavalierClient.connect(server);
        FrameStream stream = client.stream(options)) {
      for (int k = 0; k < frames; k++) {
        Frame frame = stream.read();
        ByteBuffer pcm = frame.pcm();
        while (pcm.hasRemaining()) {
          peak = Math.max(peak, Math.abs((int) pcm.getShort()));
        }
      }
    }
    return peak;
  }
}
