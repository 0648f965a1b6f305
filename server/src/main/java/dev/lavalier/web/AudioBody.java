package dev.lavalier.web;

import dev.lavalier.container.FlacStream;
import dev.lavalier.container.OggOpus;
import dev.lavalier.container.SampleFormat;
import dev.lavalier.container.Tags;
import dev.lavalier.container.WavHeader;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.StreamStarted;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * The body of an HTTP stream: how frames and silence become bytes. Called in the order of the
 * bytes, on the event loop of the connection.
 */
abstract class AudioBody {

  /** Zeros, which are silence in each encoding. */
  private static final ByteBuf ZEROS =
      Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(new byte[4_096]).asReadOnly());

  private final int maxSilence;

  /**
   * Creates a body.
   *
   * @param maxSilence the samples per channel of a part of silence
   */
  private AudioBody(int maxSilence) {
    this.maxSilence = maxSilence;
  }

  /**
   * Returns the header.
   *
   * @param captureTimeUnixNanos of the first sample
   */
  abstract ByteBuf header(long captureTimeUnixNanos);

  /** Returns a frame. */
  abstract ByteBuf frame(AudioFrame frame);

  /** Returns a part of silence of up to {@link #maxSilence} samples per channel. */
  abstract ByteBuf silence(int samples);

  /** Returns how many samples per channel of silence are sent at a time. */
  final int maxSilence() {
    return maxSilence;
  }

  private static Tags tags(StreamStarted started, long captureTimeUnixNanos) {
    String version = AudioBody.class.getPackage().getImplementationVersion();
    return new Tags(
        "lavalier-server" + (version == null ? "" : " " + version),
        started.getDeviceId(),
        captureTimeUnixNanos);
  }

  static AudioBody wav(StreamStarted started) {
    SampleFormat format = SampleFormats.of(started.getFormat());
    int bytes = format.bytesPerSampleFrame();
    return new AudioBody(ZEROS.capacity() / bytes) {
      @Override
      ByteBuf header(long captureTimeUnixNanos) {
        return Unpooled.wrappedBuffer(WavHeader.ofStream(format));
      }

      @Override
      ByteBuf frame(AudioFrame frame) {
        return Unpooled.wrappedBuffer(frame.getPcm().asReadOnlyByteBuffer());
      }

      @Override
      ByteBuf silence(int samples) {
        return ZEROS.slice(0, samples * bytes);
      }
    };
  }

  static AudioBody flac(StreamStarted started) {
    FlacStream flac = new FlacStream(SampleFormats.of(started.getFormat()), started.getFrameSize());
    return new AudioBody(started.getFrameSize()) {
      @Override
      ByteBuf header(long captureTimeUnixNanos) {
        return Unpooled.wrappedBuffer(flac.start(tags(started, captureTimeUnixNanos)));
      }

      @Override
      ByteBuf frame(AudioFrame frame) {
        return Unpooled.wrappedBuffer(flac.add(frame.getPacket().toByteArray()));
      }

      @Override
      ByteBuf silence(int samples) {
        return Unpooled.wrappedBuffer(flac.addSilence(samples));
      }
    };
  }

  /** Each packet is a page, so that it is sent at once. A second of silence is one page. */
  static AudioBody ogg(StreamStarted started) {
    int rateHz = started.getFormat().getSampleRateHz();
    int frameSize = started.getFrameSize();
    OggOpus ogg =
        new OggOpus(
            started.getFormat().getChannelCount(),
            rateHz,
            OggOpus.delay(started.getCodecConfig().asReadOnlyByteBuffer(), rateHz),
            0,
            0,
            Long.hashCode(started.getEpoch()));
    return new AudioBody(rateHz) {
      @Override
      ByteBuf header(long captureTimeUnixNanos) {
        return Unpooled.wrappedBuffer(ogg.start(tags(started, captureTimeUnixNanos)));
      }

      @Override
      ByteBuf frame(AudioFrame frame) {
        return Unpooled.wrappedBuffer(
            ogg.add(frame.getPacket().toByteArray(), frameSize, frameSize));
      }

      @Override
      ByteBuf silence(int samples) {
        return Unpooled.wrappedBuffer(ogg.addSilence(samples));
      }
    };
  }
}
