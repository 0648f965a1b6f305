package dev.lavalier.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests which devices a grant covers. */
final class GrantsTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "* | PCH,0 | true",
        "* | studio-3/PCH,0 | true",
        "PCH,0 | PCH,0 | true",
        "PCH,0 | studio-3/PCH,0 | false",
        "studio-3/* | studio-3/PCH,0 | true",
        "studio-3/* | studio-3/a/b | true",
        "studio-3/* | studio-3/ | true",
        "studio-3/* | studio-3/* | true",
        "studio-3/* | studio-3 | false",
        "studio-3/* | studio-31/PCH,0 | false",
        "studio-3/* | x/studio-3/PCH,0 | false",
        "studio-3/a/* | studio-3/a/b | false",
        "studio-3/a/* | studio-3/a/* | true",
        "studio-* | studio-3/PCH,0 | false",
        "*/PCH,0 | studio-3/PCH,0 | false",
        "/* | /PCH,0 | false",
      })
  void grantCoversDevicesByIdOrByNode(String grant, String device, boolean covered) {
    Grants streams = new Grants(Set.of(), Set.of(grant), false);
    assertThat(streams.canStream(device)).isEqualTo(covered);
    assertThat(streams.canList(device)).isEqualTo(covered);
    Grants lists = new Grants(Set.of(grant), Set.of(), false);
    assertThat(lists.canList(device)).isEqualTo(covered);
    assertThat(lists.canStream(device)).isFalse();
  }
}
