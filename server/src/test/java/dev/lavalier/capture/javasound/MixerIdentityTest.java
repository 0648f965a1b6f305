package dev.lavalier.capture.javasound;

import static org.assertj.core.api.Assertions.assertThat;

import javax.sound.sampled.Mixer;
import org.junit.jupiter.api.Test;

final class MixerIdentityTest {

  private static MixerIdentity of(String name, String vendor, String description) {
    return MixerIdentity.of(new Mixer.Info(name, vendor, description, "") {});
  }

  private static String baseId(String name, String vendor) {
    return of(name, vendor, "").baseId();
  }

  @Test
  void alsaDevicesAreNamedByCardIdNotByIndex() {
    assertThat(baseId("PCH [plughw:0,0]", "ALSA (http://www.alsa-project.org)")).isEqualTo("PCH,0");
    assertThat(baseId("PCH [plughw:1,0]", "ALSA")).isEqualTo("PCH,0");
    assertThat(baseId("C920 [plughw:2,1]", "ALSA")).isEqualTo("C920,1");
  }

  @Test
  void defaultDeviceIsRecognizedRegardlessOfPrefixAndDescription() {
    assertThat(of("default [default]", "", "PulseAudio"))
        .isEqualTo(of("alsa_playback.java [default]", "", "PipeWire"))
        .extracting(MixerIdentity::baseId)
        .isEqualTo("default");
  }

  @Test
  void otherDevicesAreNamedByNameAndVendor() {
    assertThat(baseId("Built-in Microphone", "Apple Inc."))
        .isEqualTo("Built-in Microphone (Apple Inc.)");
    assertThat(baseId("Microphone (USB Audio)", "Unknown Vendor"))
        .isEqualTo("Microphone (USB Audio)");
  }

  @Test
  void equalCardsThatAlsaNumbers_areOneModel() {
    MixerIdentity first = of("Mic [plughw:1,0]", "", "USB Mic");
    MixerIdentity second = of("Mic_1 [plughw:2,0]", "", "USB Mic");

    assertThat(second.baseId()).isNotEqualTo(first.baseId());
    assertThat(second.model()).isEqualTo(first.model());
    assertThat(of("Mic_A [plughw:3,0]", "", "USB Mic").model()).isEqualTo(first.model());
    assertThat(of("Mic_1 [plughw:2,1]", "", "USB Mic").model()).isNotEqualTo(first.model());
    assertThat(of("Mic_1 [plughw:2,0]", "", "Other").model()).isNotEqualTo(first.model());
    assertThat(of("Left [plughw:2,0]", "", "USB Mic").model()).isNotEqualTo(first.model());
  }

  @Test
  void devicesWithDifferentDescriptionsAreDifferentModels() {
    MixerIdentity one = of("Mic", "Acme", "on the desk");
    MixerIdentity two = of("Mic", "Acme", "in the camera");

    assertThat(two.baseId()).isEqualTo(one.baseId());
    assertThat(two.model()).isNotEqualTo(one.model());
  }
}
