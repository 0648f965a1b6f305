/**
 * Devices without hardware: the test tone and looping WAV files, in real time.
 *
 * <p>Uses {@code capture.line}, {@code capture} and {@code audio}, and the mapping of formats in
 * {@code capture.javasound}.
 */
package dev.lavalier.capture.virtual;
