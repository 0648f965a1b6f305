package dev.lavalier.service;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.common.StreamException;
import dev.lavalier.pipeline.EncoderThreads;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.FrameEncoder;
import dev.lavalier.pipeline.PacketCodec;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.Codec;
import java.util.Locale;
import java.util.concurrent.Executor;

/**
 * Encodes frames as messages that contain the packets of a codec. Immutable.
 *
 * @param codec the name of the codec in the contract
 * @param bitrate its bit rate in bits per second; 0: it has none
 * @param packets encodes the packets
 * @param threads encode live frames
 */
record PacketMessages(Codec codec, int bitrate, PacketCodec packets, EncoderThreads threads)
    implements FrameCodec {

  /** The fields of a message, besides its packet. */
  private static final int MESSAGE_BYTES = 48;

  @Override
  public String name() {
    return codec.name().substring("CODEC_".length()).toLowerCase(Locale.ROOT);
  }

  @Override
  public void check(PcmFormat format, int frameSize) throws StreamException {
    packets.check(format, frameSize);
  }

  @Override
  public FrameEncoder newEncoder(PcmFormat format, int frameSize) {
    FrameEncoder encoder = packets.newEncoder(format, frameSize);
    return frame ->
        ProtoMessages.frame(frame, AudioFrame.PACKET_FIELD_NUMBER, encoder.encode(frame));
  }

  @Override
  public long workNanosPerSecond(PcmFormat format, int frameSize) {
    return packets.workNanosPerSecond(format, frameSize);
  }

  @Override
  public int encoderBytes(PcmFormat format, int frameSize) {
    return packets.encoderBytes(format, frameSize);
  }

  @Override
  public Executor assignThread() {
    return threads.assign();
  }

  @Override
  public int frameBytes(PcmFormat format, int frameSize) {
    return packets.packetBytes(format, frameSize) + MESSAGE_BYTES;
  }
}
