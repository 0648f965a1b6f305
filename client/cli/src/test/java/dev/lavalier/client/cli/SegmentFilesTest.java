package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.SampleEncoding;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SegmentFilesTest {

  private static final PcmFormat FORMAT = new PcmFormat(SampleEncoding.S16LE, 8_000, 1);
  private static final int SEGMENT_BYTES = 1_600; // 100 ms

  @TempDir Path dir;

  private final List<String> events = new ArrayList<>();

  private SegmentFiles files(SegmentFiles.Opener opener) {
    return new SegmentFiles(
        SegmentNames.parse(dir.resolve("mic-%s-%f.wav").toString(), ZoneOffset.UTC),
        Duration.ofMillis(100),
        FORMAT,
        opener);
  }

  private SegmentFiles.Opener wav() {
    return file -> new WavFile(file, FORMAT);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> listed = Files.list(dir)) {
      return listed.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static long samples(Path wav) throws Exception {
    try (AudioInputStream in = AudioSystem.getAudioInputStream(wav.toFile())) {
      return in.getFrameLength();
    }
  }

  /** An output that takes a number of bytes, as a disk that is nearly full. */
  private final class Recorded implements AudioOutput {
    private final AudioOutput output;
    private final int segment;
    private final long capacity;
    private long taken;

    Recorded(AudioOutput output, int segment, long capacity) {
      this.output = output;
      this.segment = segment;
      this.capacity = capacity;
    }

    @Override
    public void write(Samples samples, long captureTimeUnixNanos) throws IOException {
      taken += samples.byteCount();
      if (taken > capacity) {
        throw new IOException("No space left on device");
      }
      output.write(samples, captureTimeUnixNanos);
    }

    @Override
    public void close() throws IOException {
      output.close();
      events.add("closed " + segment);
    }
  }

  private SegmentFiles.Opener recorded(long capacityOfLater) {
    int[] opened = {0};
    return file -> {
      opened[0]++;
      events.add("opened " + opened[0]);
      return new Recorded(
          new WavFile(file, FORMAT), opened[0], opened[0] == 1 ? Long.MAX_VALUE : capacityOfLater);
    };
  }

  @Test
  void segmentIsClosedBeforeNextIsCreated() throws Exception {
    try (SegmentFiles files = files(recorded(Long.MAX_VALUE))) {
      files.write(
          Samples.pcm(ByteBuffer.allocate(2 * SEGMENT_BYTES + 2), FORMAT.bytesPerSampleFrame()), 0);
      assertThat(files.count()).isEqualTo(3);
    }
    assertThat(events)
        .containsExactly("opened 1", "closed 1", "opened 2", "closed 2", "opened 3", "closed 3");
    assertThat(names()).containsExactly("mic-0-000000.wav", "mic-0-100000.wav", "mic-0-200000.wav");
  }

  @Test
  void recordingThatEndsAtCutHasNoEmptySegment() throws Exception {
    try (SegmentFiles files = files(wav())) {
      files.write(
          Samples.pcm(ByteBuffer.allocate(2 * SEGMENT_BYTES), FORMAT.bytesPerSampleFrame()), 0);
    }
    assertThat(names()).containsExactly("mic-0-000000.wav", "mic-0-100000.wav");
  }

  @Test
  void fullDiskNamesFileAndLeavesFinishedSegments() throws Exception {
    SegmentFiles files = files(recorded(1_000));
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 20; i++) {
                files.write(
                    Samples.pcm(
                        ByteBuffer.allocate(SEGMENT_BYTES / 4), FORMAT.bytesPerSampleFrame()),
                    i * 25_000_000L);
              }
            })
        .isInstanceOfSatisfying(
            FileSystemException.class,
            e -> {
              assertThat(e.getFile()).isEqualTo(dir.resolve("mic-0-100000.wav").toString());
              assertThat(e.getReason()).isEqualTo("No space left on device");
            });
    files.close();
    assertThat(samples(dir.resolve("mic-0-000000.wav"))).isEqualTo(800);
    assertThat(samples(dir.resolve("mic-0-100000.wav"))).isEqualTo(400);
    assertThat(names()).hasSize(2);
  }

  @Test
  void fileWhoseHeaderCannotBeWrittenIsDeleted() throws Exception {
    int[] opened = {0};
    SegmentFiles files =
        files(
            (FileChannel file) -> {
              if (++opened[0] == 2) {
                throw new IOException("No space left on device");
              }
              return new WavFile(file, FORMAT);
            });
    assertThatThrownBy(
            () ->
                files.write(
                    Samples.pcm(
                        ByteBuffer.allocate(2 * SEGMENT_BYTES), FORMAT.bytesPerSampleFrame()),
                    0))
        .isInstanceOf(FileSystemException.class)
        .hasMessage(dir.resolve("mic-0-100000.wav") + ": No space left on device");
    files.close();
    assertThat(names()).containsExactly("mic-0-000000.wav");
    assertThat(samples(dir.resolve("mic-0-000000.wav"))).isEqualTo(800);
  }

  @Test
  void clockThatIsSetBackReplacesNoSegment() throws Exception {
    byte[] first = new byte[SEGMENT_BYTES];
    first[0] = 1;
    try (SegmentFiles files = files(wav())) {
      files.write(Samples.pcm(ByteBuffer.wrap(first), FORMAT.bytesPerSampleFrame()), 0);
      files.write(
          Samples.pcm(ByteBuffer.allocate(SEGMENT_BYTES), FORMAT.bytesPerSampleFrame()),
          100_000_000);
      files.write(Samples.pcm(ByteBuffer.allocate(SEGMENT_BYTES), FORMAT.bytesPerSampleFrame()), 0);
      files.write(Samples.pcm(ByteBuffer.allocate(SEGMENT_BYTES), FORMAT.bytesPerSampleFrame()), 0);
    }
    assertThat(names())
        .containsExactly(
            "mic-0-000000-2.wav", "mic-0-000000-3.wav", "mic-0-000000.wav", "mic-0-100000.wav");
    assertThat(Files.readAllBytes(dir.resolve("mic-0-000000.wav"))).contains(1);
  }

  /** 100 ms at 11025 Hz are 1102.5 samples. */
  @Test
  void lengthThatIsNoWholeNumberOfSamplesDoesNotAddUpToAnError() throws Exception {
    PcmFormat odd = new PcmFormat(SampleEncoding.S24LE, 11_025, 2);
    List<Long> lengths = new ArrayList<>();
    SegmentFiles.Opener opener =
        file ->
            new AudioOutput() {
              private long bytes;

              @Override
              public void write(Samples samples, long captureTimeUnixNanos) {
                bytes += samples.byteCount();
              }

              @Override
              public void close() throws IOException {
                file.close();
                lengths.add(bytes / odd.bytesPerSampleFrame());
              }
            };
    SegmentNames names = SegmentNames.parse(dir.resolve("mic-%f.raw").toString(), ZoneOffset.UTC);
    try (SegmentFiles files = new SegmentFiles(names, Duration.ofMillis(100), odd, opener)) {
      files.write(
          Samples.pcm(
              ByteBuffer.allocate(11_025 * odd.bytesPerSampleFrame()), odd.bytesPerSampleFrame()),
          0);
    }
    assertThat(lengths)
        .containsExactly(
            1_102L, 1_103L, 1_102L, 1_103L, 1_102L, 1_103L, 1_102L, 1_103L, 1_102L, 1_103L);
  }
}
