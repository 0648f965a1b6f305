/**
 * A client for Lavalier servers. Start at {@link dev.lavalier.client.LavalierClient}:
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
 * <p>Counts of samples are per channel. Values are immutable. Parameters and results are not null
 * unless they are marked {@code @Nullable}.
 *
 * <p>Later versions can add components to the records that this library returns, such as {@link
 * dev.lavalier.client.Device}. Programs that only read them do not change.
 */
@NullMarked
package dev.lavalier.client;

import org.jspecify.annotations.NullMarked;
