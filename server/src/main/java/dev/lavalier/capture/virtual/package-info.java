/**
 * Devices without hardware: the test tone and looping WAV files, in real time.
 *
 * <p>Uses {@code capture.line}, {@code capture}, {@code audio}, {@code common}, and the mapping of
 * formats in {@code capture.javasound}.
 */
@NullMarked
package dev.lavalier.capture.virtual;

import org.jspecify.annotations.NullMarked;
