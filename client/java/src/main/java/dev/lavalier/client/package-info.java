/**
 * A client for Lavalier servers. Begin at {@link dev.lavalier.client.LavalierClient}:
 *
 * <pre>{@code
 * try (LavalierClient client = LavalierClient.connect("127.0.0.1:50051");
 *     FrameStream frames = client.stream(StreamOptions.defaults())) {
 *   for (Frame frame : frames) {
 *     System.out.println(frame.sampleIndex() + ": " + frame.pcm().remaining() + " bytes");
 *   }
 * }
 * }</pre>
 *
 * <p>Counts of samples are per channel. Values are immutable.
 */
package dev.lavalier.client;
