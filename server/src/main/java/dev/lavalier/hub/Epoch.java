package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Reader;
import java.util.ArrayList;
import java.util.List;

/**
 * One uninterrupted opening of a device: what its reader reads, handed to the framers, and the
 * lanes woken.
 *
 * <p>The reader's thread calls the listener's methods; the device's actor calls the others. They
 * share the two arrays, which are replaced and never changed.
 */
final class Epoch implements Reader.Listener {

  /** What the actor is told, on the reader's thread. */
  interface Events {
    /** The first period has come. */
    void onFlowing(Epoch epoch);

    /** The device lost samples while it was open. */
    void onOverrun(Epoch epoch, long samples);

    /** It gives nothing but zeros now, or no longer. */
    void onMuted(Epoch epoch, boolean muted);

    /** It gave out. */
    void onLost(Epoch epoch, String seen);
  }

  private final long number;
  private final PcmFormat format;
  private final FrameEncoder encoder;
  private final Events events;

  private volatile Framer[] framers = {};
  private volatile Lane[] lanes = {};

  private long nextIndex = -1; // the reader's thread alone; -1: no period yet

  /**
   * Makes an epoch without subscribers.
   *
   * @param number its number
   * @param format the format in which the device is captured
   */
  Epoch(long number, PcmFormat format, FrameEncoder encoder, Events events) {
    this.number = number;
    this.format = format;
    this.encoder = encoder;
    this.events = events;
  }

  long number() {
    return number;
  }

  PcmFormat format() {
    return format;
  }

  @Override
  public void onPeriod(
      byte[] pcm, long sampleIndex, long captureNanos, long captureUnixNanos, long readNanos) {
    if (nextIndex < 0) {
      events.onFlowing(this);
    } else if (sampleIndex > nextIndex) {
      events.onOverrun(this, sampleIndex - nextIndex);
    }
    nextIndex = sampleIndex + pcm.length / format.bytesPerSample();
    boolean published = false;
    for (Framer framer : framers) {
      published |= framer.accept(pcm, sampleIndex, captureNanos, captureUnixNanos, readNanos);
    }
    if (published) {
      for (Lane lane : lanes) {
        lane.wake();
      }
    }
  }

  @Override
  public void onMuted(boolean muted) {
    events.onMuted(this, muted);
  }

  @Override
  public void onLost(String message) {
    events.onLost(this, message);
  }

  /** Brings framers and lanes into line with who is subscribed now. */
  void serve(Iterable<Subscription> subscriptions) {
    List<Framer> needed = new ArrayList<>();
    List<Lane> woken = new ArrayList<>();
    for (Subscription subscription : subscriptions) {
      if (!woken.contains(subscription.lane())) {
        woken.add(subscription.lane());
      }
      int frameSize = subscription.spec().frameSize();
      if (needed.stream().noneMatch(f -> f.frameSize() == frameSize)) {
        needed.add(framerOf(frameSize));
      }
    }
    // The lanes first, so that no new framer's frame goes by without its lane being woken.
    lanes = woken.toArray(Lane[]::new);
    framers = needed.toArray(Framer[]::new);
  }

  /** Returns the framer for a frame size: the one at work, or a new one that is not yet. */
  Framer framerOf(int frameSize) {
    for (Framer framer : framers) {
      if (framer.frameSize() == frameSize) {
        return framer;
      }
    }
    return new Framer(format, frameSize, encoder);
  }
}
