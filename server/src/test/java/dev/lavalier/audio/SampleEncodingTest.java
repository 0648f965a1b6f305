package dev.lavalier.audio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

final class SampleEncodingTest {

  private static byte[] written(SampleEncoding encoding, double value) {
    byte[] bytes = new byte[encoding.bytesPerSample()];
    encoding.write(value, bytes, 0);
    return bytes;
  }

  @Test
  void writesLittleEndian() {
    assertThat(written(SampleEncoding.S16LE, 0.5)).containsExactly(0x00, 0x40);
    assertThat(written(SampleEncoding.S24LE, -0.5)).containsExactly(0x00, 0x00, 0xc0);
    assertThat(written(SampleEncoding.S32LE, 0.25)).containsExactly(0x00, 0x00, 0x00, 0x20);
    assertThat(
            ByteBuffer.wrap(written(SampleEncoding.F32LE, 0.1))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getFloat())
        .isEqualTo(0.1f);
  }

  @Test
  void clampsAtFullScaleAndNeverWraps() {
    assertThat(written(SampleEncoding.S16LE, 1.0)).containsExactly(0xff, 0x7f);
    assertThat(written(SampleEncoding.S16LE, 7.0)).containsExactly(0xff, 0x7f);
    assertThat(written(SampleEncoding.S16LE, -7.0)).containsExactly(0x00, 0x80);
    assertThat(written(SampleEncoding.S32LE, 1.0)).containsExactly(0xff, 0xff, 0xff, 0x7f);
  }
}
