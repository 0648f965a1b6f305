/**
 * Devices without hardware: the test tone and looping WAV files, in real time.
 *
 * <p>Uses {@code capture.line}, {@code capture}, {@code audio} and {@code common}.
 */
@NullMarked
package dev.lavalier.capture.virtual;

import org.jspecify.annotations.NullMarked;
