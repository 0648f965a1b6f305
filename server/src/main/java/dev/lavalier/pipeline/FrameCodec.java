package dev.lavalier.pipeline;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.common.StreamException;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** A way to encode frames of audio as messages. */
@FunctionalInterface
public non-sealed interface FrameCodec extends StreamCodec {

  /**
   * Creates an encoder for one sequence of frames: of a framer, or of one subscription's replay. A
   * subscriber can join the sequence of a framer at any frame. It changes to that sequence without
   * a gap when its replay has caught up. So a packet must show whether a decoder can continue.
   *
   * @param format the delivery format
   * @param frameSize samples per channel in a frame
   */
  FrameEncoder newEncoder(PcmFormat format, int frameSize);

  /** Returns the name of the codec, in lower case. The default is {@code pcm}. */
  default String name() {
    return "pcm";
  }

  /** Returns the bit rate in bits per second. The default is 0: the codec has none to choose. */
  default int bitrate() {
    return 0;
  }

  /**
   * Checks that the codec can encode the frames of a stream. The default accepts all.
   *
   * @param format the delivery format
   * @param frameSize samples per channel in a frame
   * @throws StreamException FORMAT_NOT_AVAILABLE or INVALID_REQUEST, with the supported values
   */
  default void check(PcmFormat format, int frameSize) throws StreamException {}

  /**
   * Returns about how much processor time an encoder takes, in nanoseconds for each second of
   * audio. The default is 0: too little to count.
   */
  default long workNanosPerSecond(PcmFormat format, int frameSize) {
    return 0;
  }

  /** Returns about how many bytes an encoder takes. The default is 0: too few to count. */
  default int encoderBytes(PcmFormat format, int frameSize) {
    return 0;
  }

  /**
   * Returns the thread on which one framer and its encoder run. The default is null: the capture
   * thread. A replay always encodes on its delivery loop.
   */
  default @Nullable Executor assignThread() {
    return null;
  }

  /** The default is the length of the frame as PCM. */
  @Override
  default int frameBytes(PcmFormat format, int frameSize) {
    return frameSize * format.bytesPerSampleFrame();
  }

  /** Returns a codec that has no state between frames, so that all sequences share an encoder. */
  static FrameCodec stateless(FrameEncoder encoder) {
    return (format, frameSize) -> encoder;
  }
}
