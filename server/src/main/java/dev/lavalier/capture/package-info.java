/**
 * Everything that touches {@code javax.sound.sampled}: which devices there are ({@link
 * dev.lavalier.capture.JavaSoundDevices}), how one is opened ({@link
 * dev.lavalier.capture.JavaSoundLine}), the one thread that reads it ({@link
 * dev.lavalier.capture.LineReader}), and our own devices, the tone and looping WAV files, which are
 * mixers of the sound system like any other ({@link dev.lavalier.capture.VirtualMixerProvider}).
 *
 * <p>Depends on {@code audio} alone. No other package imports {@code javax.sound}.
 */
package dev.lavalier.capture;
