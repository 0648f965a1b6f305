package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Records when a device is opened and closed. */
final class RecordingObserver implements HubObserver {

  /** "opened", or "closed: " and the reason, and whether the sound system confirmed it. */
  final List<String> events = new ArrayList<>();

  @Override
  public void onOpened(String deviceId, PcmFormat format, long epoch) {
    events.add("opened");
  }

  @Override
  public void onClosed(
      String deviceId,
      long epoch,
      Duration open,
      long samples,
      String reason,
      boolean acknowledged) {
    events.add("closed: " + reason + ", " + acknowledged);
  }
}
