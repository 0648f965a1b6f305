package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lavalier.capture.script.ScriptedMicrophone;
import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.junit.LavalierExtension;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class GapTest {
  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.inProcess(
          ScriptedMicrophone.named("mic")
              .tone(Duration.ofSeconds(1))
              .overrun(Duration.ofMillis(20))
              .tone());

  @Test
  void lostSamplesAreReported() throws Exception {
    try (FrameStream frames = lavalier.client().stream(StreamOptions.defaults())) {
      Frame frame = frames.read();
      while (frame.gap().isEmpty()) {
        frame = frames.read();
      }
      assertEquals(960, frame.gap().get().sampleCount());
    }
  }
}
