/**
 * Streams for code that speaks javax.sound: {@link dev.lavalier.client.sound.AudioStreams} makes an
 * {@code AudioInputStream} of one, {@link dev.lavalier.client.sound.Player} plays it.
 */
package dev.lavalier.client.sound;
