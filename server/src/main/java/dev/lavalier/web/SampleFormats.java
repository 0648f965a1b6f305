package dev.lavalier.web;

import dev.lavalier.container.SampleFormat;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.SampleEncoding;

/** Converts formats of the contract to those of the containers. */
final class SampleFormats {

  private SampleFormats() {}

  static SampleFormat of(AudioFormat format) {
    int bytes =
        switch (format.getEncoding()) {
          case SAMPLE_ENCODING_S16LE -> 2;
          case SAMPLE_ENCODING_S24LE -> 3;
          case SAMPLE_ENCODING_S32LE, SAMPLE_ENCODING_F32LE -> 4;
          case SAMPLE_ENCODING_UNSPECIFIED, UNRECOGNIZED ->
              throw new IllegalArgumentException(
                  "encoding: " + format.getEncoding()); // no stream has it
        };
    return new SampleFormat(
        format.getSampleRateHz(),
        format.getChannelCount(),
        bytes,
        format.getEncoding() == SampleEncoding.SAMPLE_ENCODING_F32LE);
  }
}
