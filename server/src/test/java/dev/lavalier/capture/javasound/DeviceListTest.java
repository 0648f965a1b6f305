package dev.lavalier.capture.javasound;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.capture.javasound.DeviceList.ListedDevice;
import dev.lavalier.capture.javasound.DeviceList.ReportedMixer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.sound.sampled.Mixer;
import org.junit.jupiter.api.Test;

final class DeviceListTest {

  private static final SupportedFormat CD = new SupportedFormat(SampleEncoding.S16LE, 44_100, 2);

  private final Set<String> open = new HashSet<>();
  private final Set<String> forbidden = new HashSet<>();
  private final DeviceList list =
      new DeviceList(
          id -> PcmFormat.parse("48000/2/s16le"), id -> !forbidden.contains(id), open::contains);
  private Map<String, ListedDevice> listed = Map.of();

  /** Each call creates a new mixer, as the sound system does. */
  private static ReportedMixer mixer(String name) {
    return new ReportedMixer(info(name, ""), List.of(CD));
  }

  /** A mixer that lists no format: it is in use, or it is an output. */
  private static ReportedMixer silent(String name) {
    return new ReportedMixer(info(name, ""), List.of());
  }

  private static Mixer.Info info(String name, String description) {
    return new Mixer.Info(name, "", description, "") {};
  }

  private static ReportedMixer busy(ReportedMixer mixer) {
    return new ReportedMixer(mixer.mixer(), List.of());
  }

  private DeviceListTest report(ReportedMixer... mixers) {
    listed = list.update(Arrays.asList(mixers));
    return this;
  }

  private void expect(String... ids) {
    assertThat(listed.keySet()).containsExactly(ids);
  }

  private String defaultId() {
    return listed.values().stream()
        .map(ListedDevice::descriptor)
        .filter(d -> d.isDefault())
        .map(d -> d.id())
        .reduce((a, b) -> a + " and " + b)
        .orElse("");
  }

  /** Opens a device that is listed. */
  private void open(String id) {
    assertThat(list.use(id, listed.get(id).mixer())).isTrue();
    open.add(id);
  }

  // Re-enumeration and devices in use.

  @Test
  void openDevice_staysListedAndDefault_whenAnotherDeviceIsPluggedIn() {
    report(mixer("PCH"), mixer("USB")).expect("PCH", "USB");
    open("PCH");

    report(silent("PCH"), mixer("USB"), mixer("Cam")).expect("PCH", "USB", "Cam");
    assertThat(defaultId()).isEqualTo("PCH");
    assertThat(listed.get("PCH").descriptor().formats()).containsExactly(CD);
  }

  @Test
  void openDevice_staysListedAndDefault_whileTheSoundSystemListsNothing() {
    report(mixer("PCH"), mixer("USB"));
    open("PCH");

    report().expect("PCH");
    assertThat(defaultId()).isEqualTo("PCH");
    report(mixer("USB")).expect("USB", "PCH");
    assertThat(defaultId()).isEqualTo("PCH");
    assertThat(listed.get("PCH").mixer()).isNull();

    open.clear(); // it was lost
    report(mixer("USB")).expect("USB");
    assertThat(defaultId()).isEqualTo("USB");
  }

  @Test
  void deviceThatAnotherProgramUses_keepsItsIdAndTheDefault() {
    ReportedMixer one = mixer("Mic");
    ReportedMixer two = mixer("Mic");
    report(one, two).expect("Mic", "Mic#2");

    report(busy(one), two).expect("Mic", "Mic#2");
    assertThat(listed.get("Mic#2").mixer()).isEqualTo(two.mixer());
    report(silent("Mic"), mixer("Mic")).expect("Mic", "Mic#2");
    assertThat(defaultId()).isEqualTo("Mic");
  }

  @Test
  void deviceThatIsInUseFromTheStart_doesNotChangeTheOthersWhenItAppears() {
    ReportedMixer one = mixer("Mic");
    ReportedMixer two = mixer("Mic");
    report(busy(one), two).expect("Mic");
    assertThat(listed.get("Mic").mixer()).isEqualTo(two.mixer());

    report(one, two).expect("Mic#2", "Mic");
    assertThat(listed.get("Mic").mixer()).isEqualTo(two.mixer());
    assertThat(defaultId()).isEqualTo("Mic");
  }

  @Test
  void outputWithTheNameOfAnInput_getsNoId() {
    report(silent("Headset"), mixer("Headset")).expect("Headset");
    open("Headset");
    open.clear();
    report().expect();
    ReportedMixer input = mixer("Headset");
    report(input, silent("Headset")).expect("Headset");
    assertThat(listed.get("Headset").mixer()).isEqualTo(input.mixer());
    ReportedMixer again = mixer("Headset");
    report(again, silent("Headset"), mixer("PCH")).expect("Headset", "PCH");
    assertThat(listed.get("Headset").mixer()).isEqualTo(again.mixer());
  }

  // Default.

  @Test
  void defaultDoesNotMove_whenTheOrderChanges() {
    report(mixer("PCH"), mixer("USB"));
    report(mixer("USB"), mixer("PCH")).expect("USB", "PCH");
    assertThat(defaultId()).isEqualTo("PCH");
    report(mixer("New"), mixer("USB"), mixer("PCH"));
    assertThat(defaultId()).isEqualTo("PCH");
  }

  @Test
  void defaultMoves_whenItsDeviceIsRemoved() {
    report(mixer("PCH"), mixer("USB"), mixer("Cam"));
    report(mixer("USB"), mixer("Cam"));
    assertThat(defaultId()).isEqualTo("USB");
    report(mixer("PCH"), mixer("USB"), mixer("Cam"));
    assertThat(defaultId()).isEqualTo("USB");
  }

  @Test
  void defaultReturns_ifNoOtherDeviceTookItsPlace() {
    report(mixer("PCH"));
    report().expect();
    assertThat(defaultId()).isEmpty();
    report(mixer("USB"), mixer("PCH"));
    assertThat(defaultId()).isEqualTo("PCH");
  }

  @Test
  void deviceThatIsNotAllowed_isNeitherListedNorDefault() {
    forbidden.add("PCH");
    open.add("PCH");
    report(mixer("PCH"), mixer("USB")).expect("USB");
    assertThat(defaultId()).isEqualTo("USB");
    report(mixer("USB")).expect("USB");
  }

  // Equal devices.

  @Test
  void equalDevicesGetDistinctIds() {
    report(mixer("USB Mic"), mixer("USB Mic"), mixer("USB Mic"))
        .expect("USB Mic", "USB Mic#2", "USB Mic#3");
  }

  @Test
  void onlyDeviceOfItsName_getsItsIdBack() {
    report(mixer("Mic"));
    open("Mic");
    open.clear();
    for (int i = 0; i < 3; i++) {
      report().expect();
      report(mixer("Mic")).expect("Mic");
    }
  }

  @Test
  void removedTwin_isRecognizedByTheMixerThatStays() {
    ReportedMixer one = mixer("Mic");
    ReportedMixer two = mixer("Mic");
    report(one, two);
    open("Mic");
    open.clear();

    report(two).expect("Mic#2");
    ReportedMixer returned = mixer("Mic");
    report(two, returned).expect("Mic#2", "Mic");
    assertThat(listed.get("Mic").mixer()).isEqualTo(returned.mixer());
  }

  @Test
  void idThatWasOpened_isNotGivenToTheTwin_ifItIsUnknownWhichOneWasRemoved() {
    report(mixer("Mic"), mixer("Mic"));
    open("Mic");

    report(mixer("Mic")).expect("Mic#2", "Mic");
    assertThat(listed.get("Mic").mixer()).isNull();
    open.clear(); // it was lost
    report(mixer("Mic")).expect("Mic#2");

    report(mixer("Mic"), mixer("Mic")).expect("Mic#2", "Mic#3");
    open("Mic#2");
    open("Mic#3");
    open.clear();
    report(mixer("Mic")).expect("Mic#4");
  }

  @Test
  void idsThatWereNotOpened_areGivenAgain() {
    report(mixer("Mic"), mixer("Mic")).expect("Mic", "Mic#2");
    report(mixer("Mic")).expect("Mic");
    report(mixer("Mic"), mixer("Mic")).expect("Mic", "Mic#2");
  }

  @Test
  void openDevice_keepsItsLineAndId_whenItsTwinIsPluggedIn() {
    report(mixer("Mic"));
    open("Mic");
    report(mixer("Mic"), mixer("Mic")).expect("Mic#2", "Mic#3", "Mic");
    assertThat(defaultId()).isEqualTo("Mic");
  }

  @Test
  void twinOfADeviceInUse_doesNotGetItsId() {
    report(mixer("Mic"));
    open("Mic");
    report(silent("Mic"), mixer("Mic")).expect("Mic#2", "Mic");
    assertThat(listed.get("Mic").mixer()).isNull();
  }

  @Test
  void twinThatWasInUse_doesNotGetTheIdOfTheRemovedDevice() {
    report(mixer("Mic"), silent("Mic")).expect("Mic");
    open("Mic");
    open.clear();
    report(mixer("Mic")).expect("Mic#2");
  }

  @Test
  void oneOfTwoRemovedTwins_doesNotGetAnIdThatWasOpened() {
    ReportedMixer one = mixer("Mic");
    ReportedMixer two = mixer("Mic");
    report(one, two);
    open("Mic");
    open("Mic#2");
    open.clear();
    report(one).expect("Mic");
    report().expect();
    report(mixer("Mic")).expect("Mic#3");
  }

  @Test
  void deviceThatIsBeingOpened_isReserved() {
    report(mixer("Mic"), mixer("Mic"));
    open.add("Mic#2"); // a subscription waits for it, and the sound system was not asked yet
    report(mixer("Mic")).expect("Mic", "Mic#2");
    assertThat(listed.get("Mic#2").mixer()).isNull();
  }

  @Test
  void mixerOfAnEarlierList_isNotUsed() {
    report(mixer("Mic"));
    Mixer.Info old = listed.get("Mic").mixer();
    report(mixer("Mic"));
    assertThat(list.use("Mic", old)).isFalse();
    assertThat(list.use("Mic", listed.get("Mic").mixer())).isTrue();
    report();
    assertThat(list.use("Mic", old)).isFalse();
  }

  // ALSA.

  @Test
  void alsaCardThatStays_keepsItsId_andTheOtherOneGetsItsIdBack() {
    report(mixer("Mic [plughw:1,0]"), mixer("Mic_1 [plughw:2,0]")).expect("Mic,0", "Mic_1,0");
    open("Mic,0");
    open("Mic_1,0");
    open.clear();

    report(mixer("Mic_1 [plughw:2,0]")).expect("Mic_1,0");
    report(mixer("Mic [plughw:3,0]"), mixer("Mic_1 [plughw:2,0]")).expect("Mic,0", "Mic_1,0");
    report(mixer("Mic [plughw:3,0]")).expect("Mic,0");
    report(mixer("Mic_1 [plughw:1,0]"), mixer("Mic [plughw:3,0]")).expect("Mic_1,0", "Mic,0");
  }

  @Test
  void equalAlsaCardsThatWereBothRemoved_doNotGetIdsThatWereOpened() {
    report(mixer("Mic [plughw:1,0]"), mixer("Mic_1 [plughw:2,0]"));
    open("Mic,0");
    open.clear();
    report().expect();

    // The kernel gives the id of the first card to the card that returns first.
    report(mixer("Mic [plughw:1,0]")).expect("Mic,0#2");
    report(mixer("Mic [plughw:1,0]"), mixer("Mic_1 [plughw:2,0]")).expect("Mic,0#2", "Mic_1,0");
  }

  @Test
  void alsaCardThatAnotherProgramOpensAtOnce_getsItsIdAndFormatsBack() {
    report(mixer("Mic [plughw:1,0]"));
    report().expect();
    report(silent("Mic [plughw:1,0]")).expect("Mic,0");
    assertThat(listed.get("Mic,0").descriptor().formats()).containsExactly(CD);
  }

  @Test
  void cardOfAnotherModel_takesAnId_onlyIfItWasNotOpened() {
    report(new ReportedMixer(info("Device [plughw:1,0]", "PnP stick"), List.of(CD)));
    report().expect();
    report(new ReportedMixer(info("Device [plughw:1,0]", "Audio stick"), List.of(CD)))
        .expect("Device,0");
    open("Device,0");
    open.clear();
    report().expect();
    report(new ReportedMixer(info("Device [plughw:1,0]", "PnP stick"), List.of(CD)))
        .expect("Device,0#2");
    report().expect();
    report(new ReportedMixer(info("Device [plughw:1,0]", "Audio stick"), List.of(CD)))
        .expect("Device,0");
  }

  @Test
  void nameThatLooksLikeANumberedId_getsAnIdOfItsOwn() {
    report(mixer("Mic"), mixer("Mic"), mixer("Mic#2")).expect("Mic", "Mic#2", "Mic#2#2");
  }
}
