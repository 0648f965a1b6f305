package dev.lavalier.capture.javasound;

import static org.assertj.core.api.Assertions.assertThat;

import javax.sound.sampled.Mixer;
import org.junit.jupiter.api.Test;

final class DeviceIdsTest {

  private final DeviceIds ids = new DeviceIds();

  private String idOf(String name, String vendor) {
    return ids.idOf(new Mixer.Info(name, vendor, "", "") {});
  }

  @Test
  void alsaDevicesAreNamedByCardIdNotByIndex() {
    assertThat(idOf("PCH [plughw:0,0]", "ALSA (http://www.alsa-project.org)")).isEqualTo("PCH,0");
    assertThat(new DeviceIds().idOf(new Mixer.Info("PCH [plughw:1,0]", "ALSA", "", "") {}))
        .isEqualTo("PCH,0");
    assertThat(idOf("C920 [plughw:2,1]", "ALSA")).isEqualTo("C920,1");
  }

  @Test
  void defaultDeviceIsRecognizedRegardlessOfPrefix() {
    assertThat(idOf("default [default]", "")).isEqualTo("default");
    assertThat(new DeviceIds().idOf(new Mixer.Info("alsa_playback.java [default]", "", "", "") {}))
        .isEqualTo("default");
  }

  @Test
  void otherDevicesAreNamedByNameAndVendor() {
    assertThat(idOf("Built-in Microphone", "Apple Inc."))
        .isEqualTo("Built-in Microphone (Apple Inc.)");
    assertThat(idOf("Microphone (USB Audio)", "Unknown Vendor"))
        .isEqualTo("Microphone (USB Audio)");
  }

  @Test
  void equalDevicesGetDistinctIds() {
    assertThat(idOf("USB Mic", "")).isEqualTo("USB Mic");
    assertThat(idOf("USB Mic", "")).isEqualTo("USB Mic#2");
    assertThat(idOf("USB Mic", "")).isEqualTo("USB Mic#3");
  }
}
