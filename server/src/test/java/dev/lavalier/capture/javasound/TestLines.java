package dev.lavalier.capture.javasound;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.capture.line.AudioLine;
import dev.lavalier.capture.virtual.ToneDevice;
import dev.lavalier.capture.virtual.VirtualLine;
import dev.lavalier.common.TimeSource;
import java.io.IOException;
import java.util.Arrays;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.DataLine;
import javax.sound.sampled.Line;
import javax.sound.sampled.TargetDataLine;

/** Gives the scripted mixer of the test support access to this package. */
public final class TestLines {

  private TestLines() {}

  /**
   * Opens a line that plays the tone.
   *
   * @param bufferBytes size of its buffer
   */
  public static AudioLine openTone(AudioFormat format, int bufferBytes, TimeSource timeSource) {
    PcmFormat pcm = JavaSoundFormats.fromJavaSound(format).orElseThrow();
    try {
      return VirtualLine.open(
          new ToneDevice(), pcm, bufferBytes / pcm.bytesPerSampleFrame(), timeSource);
    } catch (IOException e) {
      throw new AssertionError(e); // the tone reads no file
    }
  }

  /** Returns the description of the lines of a mixer that supports every format. */
  public static Line.Info[] anyFormat() {
    return lineInfo(
        Arrays.stream(SampleEncoding.values())
            .map(encoding -> JavaSoundFormats.toJavaSound(new SupportedFormat(encoding, 0, 0)))
            .toArray(AudioFormat[]::new));
  }

  /** Returns the description of the lines of a mixer that supports only one format. */
  public static Line.Info[] onlyFormat(String format) {
    return lineInfo(JavaSoundFormats.toJavaSound(PcmFormat.parse(format)));
  }

  private static Line.Info[] lineInfo(AudioFormat... formats) {
    return new Line.Info[] {
      new DataLine.Info(
          TargetDataLine.class, formats, AudioSystem.NOT_SPECIFIED, AudioSystem.NOT_SPECIFIED)
    };
  }
}
