package dev.lavalier.simulation;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.FrameEncoder;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A codec that records each frame when it is encoded. The message of a frame names the record, not
 * the audio. Every second framer encodes on a thread of its own.
 */
final class RecordingCodec implements FrameCodec {

  /**
   * What was known of a frame when it was encoded.
   *
   * @param index of the first sample in the epoch
   * @param first value of the first sample, relative to full scale
   * @param last value of the last sample
   * @param encodedAt steady time
   * @param step number of the simulation's step
   */
  record Encoded(long index, double first, double last, long encodedAt, long step) {}

  /** The frames of one encoder, in order. */
  final class Sequence implements FrameEncoder {
    private final int number = sequences.size();
    private final PcmFormat format;
    private final int frameSize;
    private final List<Encoded> frames = new ArrayList<>();
    private boolean live;
    private boolean queued;

    private Sequence(PcmFormat format, int frameSize) {
      this.format = format;
      this.frameSize = frameSize;
    }

    @Override
    public byte[] encode(Period frame) {
      String thread = scheduler.current().name();
      queued = thread.equals(ENCODER);
      live = queued || thread.startsWith("reader");
      frames.add(
          new Encoded(
              frame.sampleIndex(),
              SampleNumbers.value(format, frame.pcm(), 0),
              SampleNumbers.value(format, frame.pcm(), frameSize - 1),
              scheduler.now(),
              scheduler.steps()));
      violations.trace(() -> "frame %d of sequence %d".formatted(frame.sampleIndex(), number));
      return ByteBuffer.allocate(8).putInt(number).putInt(frames.size() - 1).array();
    }

    /** Returns whether a capture or encoder thread encodes the frames; otherwise a replay does. */
    boolean isLive() {
      return live;
    }

    /**
     * Returns how many samples may be missing between two frames because the queue of the encoder
     * thread was full; 0 if there is no queue.
     *
     * @param from position of the first frame
     * @param to position of the second frame
     */
    long maxNotEncoded(int from, int to) {
      long frameSamples = (long) (to - from) * frameSize;
      return queued ? frames.get(to).index() - frames.get(from).index() - frameSamples : 0;
    }

    List<Encoded> frames() {
      return frames;
    }
  }

  private static final String ENCODER = "encoder";

  private final Scheduler scheduler;
  private final Violations violations;
  private final SimulatedThread encoderThread;
  private final List<Sequence> sequences = new ArrayList<>();

  RecordingCodec(Scheduler scheduler, Violations violations) {
    this.scheduler = scheduler;
    this.violations = violations;
    this.encoderThread = scheduler.newThread(ENCODER, true);
  }

  @Override
  public FrameEncoder newEncoder(PcmFormat format, int frameSize) {
    Sequence sequence = new Sequence(format, frameSize);
    sequences.add(sequence);
    return sequence;
  }

  @Override
  public @Nullable Executor assignThread() {
    return sequences.size() % 2 == 0 ? encoderThread : null;
  }

  @Override
  public String toString() {
    return "recording";
  }

  /** Returns the sequence that a message belongs to. */
  Sequence sequenceOf(byte[] message) {
    return sequences.get(ByteBuffer.wrap(message).getInt());
  }

  /** Returns the position of a message in its sequence. */
  static int positionOf(byte[] message) {
    return ByteBuffer.wrap(message).getInt(4);
  }
}
