/**
 * The devices of the sound system. The only package that uses {@code javax.sound}, apart from the
 * WAV headers in {@code capture.virtual}.
 *
 * <p>Uses {@code capture.line}, {@code capture}, {@code audio} and {@code common}.
 */
@NullMarked
package dev.lavalier.capture.javasound;

import org.jspecify.annotations.NullMarked;
