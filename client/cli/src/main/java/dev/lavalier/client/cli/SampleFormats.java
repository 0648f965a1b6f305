package dev.lavalier.client.cli;

import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.SampleEncoding;
import dev.lavalier.container.SampleFormat;

/** Converts formats of the library to those of the containers. */
final class SampleFormats {

  private SampleFormats() {}

  static SampleFormat of(PcmFormat format) {
    return new SampleFormat(
        format.sampleRateHz(),
        format.channelCount(),
        format.encoding().bytesPerSample(),
        format.encoding() == SampleEncoding.F32LE);
  }
}
