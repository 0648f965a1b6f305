/**
 * Streams for code that uses javax.sound: {@link dev.lavalier.client.sound.AudioStreams} converts a
 * stream to an {@code AudioInputStream}, {@link dev.lavalier.client.sound.Player} plays it.
 */
@NullMarked
package dev.lavalier.client.sound;

import org.jspecify.annotations.NullMarked;
