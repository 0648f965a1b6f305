package dev.lavalier.client;

import io.github.jaredmdobson.concentus.OpusDecoder;
import io.github.jaredmdobson.concentus.OpusException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Decodes packets of Opus. Before a packet after a gap, the decoder conceals what is missing, so
 * that the packet continues without a click.
 */
final class OpusPackets implements PacketDecoder {

  /** More of a gap is not concealed: the decoder's output is silence by then. */
  private static final int MAX_CONCEALED_PER_SECOND = 10; // a tenth of a second

  private final OpusDecoder decoder;
  private final PcmFormat format;
  private final int frameSize;
  private final short[] samples;

  private OpusPackets(OpusDecoder decoder, PcmFormat format, int frameSize) {
    this.decoder = decoder;
    this.format = format;
    this.frameSize = frameSize;
    this.samples = new short[frameSize * format.channelCount()];
  }

  static OpusPackets decoder(StreamStart start) throws LavalierException {
    PcmFormat format = start.format();
    if (format.encoding() != SampleEncoding.S16LE
        || start.frameSize() < 1
        || start.frameSize() > format.sampleRateHz()) {
      throw PacketDecoder.notAvailable(Codec.OPUS, start);
    }
    try {
      return new OpusPackets(
          new OpusDecoder(format.sampleRateHz(), format.channelCount()), format, start.frameSize());
    } catch (OpusException | IllegalArgumentException e) {
      throw PacketDecoder.notAvailable(Codec.OPUS, start);
    }
  }

  @Override
  public ByteBuffer decode(byte[] packet) throws LavalierException {
    try {
      int decoded = decoder.decode(packet, 0, packet.length, samples, 0, frameSize, false);
      if (decoded != frameSize) {
        throw PacketDecoder.malformed(Codec.OPUS, decoded + " samples", null);
      }
    } catch (OpusException | RuntimeException e) { // a malformed packet can lead to any of them
      throw PacketDecoder.malformed(Codec.OPUS, String.valueOf(e.getMessage()), e);
    }
    ByteBuffer pcm = ByteBuffer.allocate(2 * samples.length);
    put(pcm);
    return pcm.flip();
  }

  private void put(ByteBuffer pcm) {
    pcm.order(ByteOrder.LITTLE_ENDIAN).asShortBuffer().put(samples);
    pcm.position(pcm.position() + 2 * samples.length);
  }

  @Override
  public @Nullable ByteBuffer conceal(long missing) throws LavalierException {
    int frames =
        (int) Math.min(missing, format.sampleRateHz() / MAX_CONCEALED_PER_SECOND) / frameSize;
    ByteBuffer pcm = ByteBuffer.allocate(frames * 2 * samples.length);
    try {
      for (int k = 0; k < frames; k++) {
        decoder.decode(null, 0, 0, samples, 0, frameSize, false);
        put(pcm);
      }
    } catch (OpusException | RuntimeException e) {
      throw PacketDecoder.malformed(Codec.OPUS, String.valueOf(e.getMessage()), e);
    }
    return frames == 0 ? null : pcm.flip();
  }
}
