/**
 * The interfaces between sources of audio and their users. A source implements {@link
 * dev.lavalier.capture.Devices}, which lists and opens devices, and {@link
 * dev.lavalier.capture.Capture}, which delivers {@link dev.lavalier.capture.Period}s to a {@link
 * dev.lavalier.capture.CaptureListener} on its own thread.
 *
 * <p>Uses only {@code audio} and {@code common}. The sources are in separate packages, which only
 * {@code app} uses: {@code capture.javasound} (the sound system) and {@code capture.virtual} (the
 * test tone and WAV files), both on {@code capture.line}.
 */
@NullMarked
package dev.lavalier.capture;

import org.jspecify.annotations.NullMarked;
