/**
 * The devices of the sound system. The only package that uses {@code javax.sound}, apart from the
 * WAV headers in {@code capture.virtual}.
 *
 * <p>Uses {@code capture.line}, {@code capture} and {@code audio}.
 */
package dev.lavalier.capture.javasound;
