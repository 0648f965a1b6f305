package dev.lavalier.pipeline;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.common.StreamException;

/**
 * A codec whose encoders return packets, such as Opus or FLAC. It does not know the contract: a
 * {@link FrameCodec} puts its packets into messages. Immutable, and safe for use from any thread.
 * Two codecs are equal if they encode in the same way.
 */
public interface PacketCodec {

  /** Returns the encoding of the samples to encode, if the request does not specify it. */
  SampleEncoding encodingFor(SampleEncoding captured);

  /**
   * Checks that the codec has a format and a frame size.
   *
   * @param format the delivery format
   * @param frameSize samples per channel in a frame
   * @throws StreamException FORMAT_NOT_AVAILABLE or INVALID_REQUEST, with the supported values
   */
  void check(PcmFormat format, int frameSize) throws StreamException;

  /**
   * Creates an encoder of packets. {@link FrameCodec#newEncoder} says how encoders are used.
   *
   * @param format a format that passes the check, with the frame size
   */
  FrameEncoder newEncoder(PcmFormat format, int frameSize);

  /** Returns the usual length of a packet in bytes, or an upper bound. */
  int packetBytes(PcmFormat format, int frameSize);

  /** See {@link FrameCodec#workNanosPerSecond}. */
  long workNanosPerSecond(PcmFormat format, int frameSize);

  /** See {@link FrameCodec#encoderBytes}. */
  int encoderBytes(PcmFormat format, int frameSize);

  /** Returns what a decoder needs before the first packet. */
  byte[] config(PcmFormat format, int frameSize);

  /** Returns how much later a decoder returns a sample, in microseconds. */
  int delayMicros();
}
