package dev.lavalier.capture;

import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.Control;
import javax.sound.sampled.DataLine;
import javax.sound.sampled.Line;
import javax.sound.sampled.LineListener;
import javax.sound.sampled.Mixer;
import javax.sound.sampled.TargetDataLine;

/** The mixer of one virtual device: any number of capture lines, nothing else. */
final class VirtualMixer implements Mixer {

  private final VirtualMixerProvider.Info info;
  private final DataLine.Info lineInfo;

  VirtualMixer(VirtualMixerProvider.Info info) {
    this.info = info;
    AudioFormat[] formats =
        info.device().formats().stream().map(JavaSoundFormats::toJavaSound).toArray(AudioFormat[]::new);
    this.lineInfo =
        new DataLine.Info(
            TargetDataLine.class, formats, AudioSystem.NOT_SPECIFIED, AudioSystem.NOT_SPECIFIED);
  }

  @Override
  public Info getMixerInfo() {
    return info;
  }

  @Override
  public Line.Info[] getSourceLineInfo() {
    return new Line.Info[0];
  }

  @Override
  public Line.Info[] getTargetLineInfo() {
    return new Line.Info[] {lineInfo};
  }

  @Override
  public Line.Info[] getSourceLineInfo(Line.Info requested) {
    return new Line.Info[0];
  }

  @Override
  public Line.Info[] getTargetLineInfo(Line.Info requested) {
    return isLineSupported(requested) ? getTargetLineInfo() : new Line.Info[0];
  }

  @Override
  public boolean isLineSupported(Line.Info requested) {
    if (!requested.getLineClass().isAssignableFrom(TargetDataLine.class)) {
      return false;
    }
    return !(requested instanceof DataLine.Info data)
        || data.getFormats().length == 0
        || JavaSoundFormats.fromJavaSound(data.getFormats()[0])
            .filter(f -> info.device().formats().stream().anyMatch(o -> o.matches(f)))
            .isPresent();
  }

  @Override
  public Line getLine(Line.Info requested) {
    if (!isLineSupported(requested)) {
      throw new IllegalArgumentException("line: " + requested + " (expected: " + lineInfo + ")");
    }
    return new VirtualLine(info.device(), info.timeSource(), lineInfo);
  }

  @Override
  public int getMaxLines(Line.Info requested) {
    return AudioSystem.NOT_SPECIFIED;
  }

  // The mixer itself holds nothing that could be opened, listed or controlled.

  @Override
  public Line[] getSourceLines() {
    return new Line[0];
  }

  @Override
  public Line[] getTargetLines() {
    return new Line[0];
  }

  @Override
  public void synchronize(Line[] lines, boolean maintainSync) {
    throw new IllegalArgumentException("synchronize: not supported");
  }

  @Override
  public void unsynchronize(Line[] lines) {
    throw new IllegalArgumentException("unsynchronize: not supported");
  }

  @Override
  public boolean isSynchronizationSupported(Line[] lines, boolean maintainSync) {
    return false;
  }

  @Override
  public Line.Info getLineInfo() {
    return new Line.Info(Mixer.class);
  }

  @Override
  public void open() {}

  @Override
  public void close() {}

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public Control[] getControls() {
    return new Control[0];
  }

  @Override
  public boolean isControlSupported(Control.Type control) {
    return false;
  }

  @Override
  public Control getControl(Control.Type control) {
    throw new IllegalArgumentException("control: " + control + " (expected: none)");
  }

  @Override
  public void addLineListener(LineListener listener) {}

  @Override
  public void removeLineListener(LineListener listener) {}
}
