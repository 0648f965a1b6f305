package dev.lavalier.client;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/**
 * The parameters of an epoch of a stream, with every default filled in.
 *
 * @param deviceId the device; never empty
 * @param epoch the number of the epoch; a later epoch of the same device has a larger number
 * @param format the format of the frames
 * @param frameSize samples per channel in each frame
 * @param captureFormat the format in which the device is captured
 * @param maxLatency the maximum time that a frame may wait on the server, as granted
 * @param conversion the conversion between the two formats; empty: the frames contain the captured
 *     bytes
 * @param preroll how much audio from before the call comes first; zero in later epochs
 * @param codec how the server encodes the audio. {@link Codec#PCM} if it is older than codecs
 * @param codecConfig what a decoder needs before the first packet: the identification header of
 *     Opus, as at the beginning of an Ogg file, or the beginning of a FLAC file; else empty. It is
 *     read-only
 */
public record StreamStart(
    String deviceId,
    long epoch,
    PcmFormat format,
    int frameSize,
    PcmFormat captureFormat,
    Duration maxLatency,
    Optional<Conversion> conversion,
    Duration preroll,
    Codec codec,
    ByteBuffer codecConfig) {

  /** Makes the configuration read-only. */
  public StreamStart {
    codecConfig = codecConfig.slice().asReadOnlyBuffer();
  }

  /** Returns what a decoder needs, as a new view at each call. */
  @Override
  public ByteBuffer codecConfig() {
    return codecConfig.duplicate();
  }
}
