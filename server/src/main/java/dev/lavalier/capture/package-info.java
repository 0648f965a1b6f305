/**
 * The seam between sources of audio and everything that uses it. A source implements {@link
 * dev.lavalier.capture.Devices}, which lists and opens devices, and {@link
 * dev.lavalier.capture.Capture}, which delivers {@link dev.lavalier.capture.Period}s to a {@link
 * dev.lavalier.capture.CaptureListener} on a thread of its own.
 *
 * <p>Uses {@code audio} only. Sources are in packages of their own, which only {@code app} uses:
 * {@code capture.javasound} (the sound system) and {@code capture.virtual} (the test tone and WAV
 * files), both on {@code capture.line}.
 */
package dev.lavalier.capture;
