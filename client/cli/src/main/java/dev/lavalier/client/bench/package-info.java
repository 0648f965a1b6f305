/**
 * A load generator: many subscribers of one device, each as cheap as possible, and what they
 * receive. Start at {@link dev.lavalier.client.bench.LoadGenerator}.
 *
 * <p>It does not use the library's streams, which pass every frame to another thread. Instead, the
 * event loop that received a frame reads the needed fields, skips the audio and passes nothing on.
 */
@NullMarked
package dev.lavalier.client.bench;

import org.jspecify.annotations.NullMarked;
