package dev.lavalier.capture.javasound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.testing.LogLines;
import dev.lavalier.testing.ManualTimeSource;
import dev.lavalier.testing.ScriptedMixerProvider;
import dev.lavalier.testing.ScriptedMixerProvider.Script;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class JavaSoundDevicesTest {

  private static final Duration POLL_INTERVAL = Duration.ofSeconds(3);

  private final ManualTimeSource timeSource = new ManualTimeSource();
  private final List<Script> scripts = new ArrayList<>();
  private final BlockingQueue<List<String>> changes = new LinkedBlockingQueue<>();
  private JavaSoundDevices devices = create(id -> id.startsWith("Mic") || id.equals("USB"));

  private JavaSoundDevices create(Predicate<String> allowed) {
    return new JavaSoundDevices(
        new LineSettings(id -> PcmFormat.parse("48000/2/s16le"), allowed, timeSource));
  }

  private Script plug(String name) {
    Script script = ScriptedMixerProvider.add(name, timeSource);
    scripts.add(script);
    return script;
  }

  private void start() {
    devices.onChange(() -> changes.add(ids()));
    devices.start();
  }

  private List<String> ids() {
    return devices.list().stream().map(DeviceDescriptor::id).toList();
  }

  /** Advances the time until the listener has received a list, for at most 10 s of real time. */
  private List<String> nextChange() throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    // The thread of the polls may not have scheduled the next one yet.
    while (changes.isEmpty() && System.nanoTime() < end) {
      timeSource.advance(POLL_INTERVAL);
      Thread.onSpinWait();
    }
    return awaitChange();
  }

  private List<String> awaitChange() throws InterruptedException {
    List<String> ids = changes.poll(10, TimeUnit.SECONDS);
    assertThat(ids).as("the list changes").isNotNull();
    return ids;
  }

  @AfterEach
  void close() {
    devices.close();
    scripts.forEach(Script::close);
  }

  private void assertNotAvailable(String id) {
    assertThatThrownBy(() -> devices.open(id))
        .isInstanceOfSatisfying(
            StreamException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DEVICE_LOST));
  }

  @Test
  void twinThatStays_keepsItsId_andIsNotOpenedInsteadOfTheRemovedDevice() throws Exception {
    Script one = plug("Mic");
    Script two = plug("Mic");
    start();
    assertThat(awaitChange()).containsExactly("Mic", "Mic#2");
    devices.open("Mic").close();
    assertThat(one.attempts).hasValue(1);

    one.unplug();
    assertNotAvailable("Mic");
    assertThat(two.attempts).hasValue(0);
    assertThat(nextChange()).containsExactly("Mic#2");

    one.plug();
    try (Capture returned = devices.open("Mic")) {
      assertThat(returned.device().id()).isEqualTo("Mic");
      assertThat(one.open).hasValue(1);
      assertThat(two.open).hasValue(0);
    }
    assertThat(nextChange()).containsExactlyInAnyOrder("Mic", "Mic#2");
  }

  @Test
  void openingThatFindsANewDevice_notifiesTheListener() throws Exception {
    plug("Mic");
    start();
    assertThat(awaitChange()).containsExactly("Mic");
    plug("USB");
    devices.open("USB").close();
    assertThat(awaitChange()).containsExactly("Mic", "USB"); // before the next poll
  }

  @Test
  void changeThatIsUndoneBeforeTheListenerRuns_notifiesIt() throws Exception {
    plug("Mic");
    CountDownLatch gate = new CountDownLatch(1);
    devices.onChange(
        () -> {
          changes.add(ids());
          awaitUninterruptibly(gate);
        });
    devices.start();
    assertThat(awaitChange()).containsExactly("Mic");
    Script usb = plug("USB");
    devices.open("USB").close(); // from now on, callers see the new list
    usb.unplug();
    assertNotAvailable("USB");
    gate.countDown();
    assertThat(awaitChange()).containsExactly("Mic");
  }

  private static void awaitUninterruptibly(CountDownLatch gate) {
    try {
      gate.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void errorInOnePoll_doesNotStopThePolls() throws Exception {
    AtomicBoolean failing = new AtomicBoolean();
    BlockingQueue<Boolean> failures = new LinkedBlockingQueue<>();
    plug("Mic");
    devices =
        create(
            id -> {
              if (failing.getAndSet(false)) {
                failures.add(true);
                throw new OutOfMemoryError("once");
              }
              return id.equals("Mic") || id.equals("USB");
            });
    start();
    assertThat(awaitChange()).containsExactly("Mic");
    failing.set(true);
    timeSource.advance(POLL_INTERVAL);
    assertThat(failures.poll(10, TimeUnit.SECONDS)).isTrue();

    plug("USB");
    assertThat(nextChange()).contains("USB");
  }

  @Test
  void mixerThatFails_doesNotHideTheOthers() throws Exception {
    plug("Mic");
    plug("USB").throwsOnQuery = true;
    plug("Mic 2");
    start();
    assertThat(awaitChange()).containsExactly("Mic", "Mic 2");
  }

  @Test
  void listenerThatFails_isNotReportedAsTheSoundSystem_andIsCalledAgain() throws Exception {
    AtomicBoolean failing = new AtomicBoolean(true);
    plug("Mic");
    devices.onChange(
        () -> {
          changes.add(ids());
          if (failing.getAndSet(false)) {
            throw new AssertionError("the listener");
          }
        });
    try (LogLines log = LogLines.of(JavaSoundDevices.class.getName())) {
      devices.start();
      assertThat(awaitChange()).containsExactly("Mic");
      plug("USB");
      assertThat(nextChange()).containsExactly("Mic", "USB");
      assertThat(log.all())
          .anyMatch(line -> line.contains("a listener failed"))
          .noneMatch(line -> line.contains("listing devices failed"))
          .noneMatch(line -> line.contains("starting without its devices"));
    }
  }
}
