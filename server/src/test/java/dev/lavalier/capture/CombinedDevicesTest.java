package dev.lavalier.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

final class CombinedDevicesTest {

  private final FakeSource hardware = new FakeSource("hardware");
  private final FakeSource virtual = new FakeSource("virtual");
  private final CombinedDevices devices =
      new CombinedDevices(List.of(hardware, virtual), id -> !id.equals("forbidden"));

  private List<String> listed() {
    return devices.list().stream().map(d -> d.vendor() + " " + d.id()).toList();
  }

  private void assertLost(String id) {
    assertThatThrownBy(() -> devices.open(id))
        .isInstanceOfSatisfying(
            StreamException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DEVICE_LOST));
  }

  @Test
  void deviceOfTheFirstSourceIsServed_ifTwoSourcesUseOneId() {
    hardware.ids.add("tone");
    virtual.ids.addAll(List.of("tone", "take"));
    assertThat(listed()).containsExactly("hardware tone", "virtual take");

    hardware.ids.clear(); // nobody used it
    assertThat(listed()).containsExactly("virtual tone", "virtual take");
  }

  @Test
  void idOfAnOpenedDevice_doesNotMoveToAnotherSource() throws Exception {
    hardware.ids.add("tone");
    virtual.ids.add("tone");
    assertThat(devices.open("tone").device().vendor()).isEqualTo("hardware");

    hardware.ids.clear();
    assertThat(listed()).isEmpty();
    assertLost("tone");
    hardware.ids.add("tone");
    assertThat(listed()).containsExactly("hardware tone");
  }

  @Test
  void idOfAnOpenedDevice_doesNotMoveToAnEarlierSource() throws Exception {
    virtual.ids.add("tone");
    devices.open("tone");

    hardware.ids.add("tone");
    assertThat(listed()).containsExactly("virtual tone");
    assertThat(devices.open("tone").device().vendor()).isEqualTo("virtual");
  }

  @Test
  void deviceThatIsNotListedYet_isOpened() throws Exception {
    virtual.unlisted.add("late");
    assertThat(devices.open("late").device().vendor()).isEqualTo("virtual");
    assertLost("absent");
    virtual.ids.add("forbidden");
    assertLost("forbidden");
  }

  @Test
  void firstDefaultIsTheOnlyDefault() {
    hardware.ids.add("PCH");
    virtual.ids.add("tone");
    assertThat(devices.list())
        .filteredOn(DeviceDescriptor::isDefault)
        .extracting(DeviceDescriptor::id)
        .containsExactly("PCH");
  }

  @Test
  void sourceLearnsOnlyWhichOfItsOwnDevicesAreOpen() throws Exception {
    hardware.ids.add("mic");
    virtual.ids.add("tone");
    devices.keepListed(id -> !id.equals("closed"));
    devices.open("mic");

    assertThat(hardware.isOpen).accepts("mic", "being opened").rejects("closed");
    assertThat(virtual.isOpen).accepts("being opened").rejects("mic", "closed");
  }

  /** A source whose first device is its default. */
  private static final class FakeSource implements Devices {
    final String vendor;
    final List<String> ids = new ArrayList<>();
    final List<String> unlisted = new ArrayList<>(); // can be opened
    Predicate<String> isOpen = id -> false;

    FakeSource(String vendor) {
      this.vendor = vendor;
    }

    @Override
    public void start() {}

    @Override
    public List<DeviceDescriptor> list() {
      return ids.stream().map(this::describe).toList();
    }

    private DeviceDescriptor describe(String id) {
      PcmFormat format = new PcmFormat(SampleEncoding.S16LE, 48_000, 1);
      return new DeviceDescriptor(id, id, vendor, "", ids.indexOf(id) == 0, format, List.of());
    }

    @Override
    public void onChange(Runnable listener) {}

    @Override
    public void keepListed(Predicate<String> open) {
      isOpen = open;
    }

    @Override
    public Capture open(String deviceId) throws StreamException {
      if (!ids.contains(deviceId) && !unlisted.contains(deviceId)) {
        throw new StreamException(Reason.DEVICE_LOST, deviceId);
      }
      return new FakeCapture(describe(deviceId));
    }

    @Override
    public void close() {}
  }

  private record FakeCapture(DeviceDescriptor device) implements Capture {
    @Override
    public PcmFormat format() {
      return device.captureFormat();
    }

    @Override
    public int periodSamples() {
      return 480;
    }

    @Override
    public void start(CaptureListener listener) {}

    @Override
    public boolean stop(Duration timeout) {
      return true;
    }

    @Override
    public long periods() {
      return 0;
    }

    @Override
    public Duration silenceTimeout(boolean first) {
      return Duration.ZERO;
    }

    @Override
    public OptionalDouble clockPpm() {
      return OptionalDouble.empty();
    }

    @Override
    public void close() {}
  }
}
