package dev.lavalier.client;

/**
 * How the audio is encoded between the server and this library. The library decodes it: {@link
 * Frame#pcm} contains PCM with every codec. With {@link StreamOptions#packets}, it does not.
 */
public enum Codec {
  /** Not encoded. */
  PCM,
  /**
   * Lossy, at {@link StreamOptions#bitrate}. The format has 16 bits, one or two channels, and 8,
   * 16, 24 or 48 kHz; a frame has 2.5, 5, 10, 20, 40 or 60 ms. A sample is 6.5 ms later than {@link
   * Frame#sampleIndex} and the capture time of its frame say.
   */
  OPUS,
  /**
   * Lossless, about half the size of PCM for speech. The format has 16 or 24 bits and up to 8
   * channels.
   */
  FLAC
}
