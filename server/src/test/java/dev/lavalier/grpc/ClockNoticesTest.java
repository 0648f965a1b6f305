package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.NoticeKind;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamNotice;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A device whose clock runs fast, and the subscribers that receive a clock notice. */
final class ClockNoticesTest {

  private static final StreamFramesRequest WITHOUT_CLOCK_NOTICES =
      StreamFramesRequest.newBuilder()
          .setDeviceId("mic")
          .setFrameSize(48_000)
          .setMaxLatencyMs(60_000)
          .build();
  private static final StreamFramesRequest WITH_CLOCK_NOTICES =
      WITHOUT_CLOCK_NOTICES.toBuilder().setClockNotices(true).build();

  @RegisterExtension
  final LavalierExtension lavalier = LavalierExtension.withManualTime().withScripted("mic");

  @Test
  void clockNoticeIsSentEveryMinuteToSubscribersThatRequestIt() throws Exception {
    lavalier.script("mic").setClockDrift(100);
    TestSubscriber curious = lavalier.subscribe(WITH_CLOCK_NOTICES).requestAll();
    TestSubscriber quiet = lavalier.subscribe(WITHOUT_CLOCK_NOTICES).requestAll();
    curious.nextStarted();
    quiet.nextStarted();
    lavalier.advanceSeconds(310, 1);

    List<StreamNotice> notices = new ArrayList<>();
    int frames = 0;
    while (frames < 309) {
      StreamFramesResponse message = curious.next();
      if (message.hasFrame()) {
        frames++;
      } else {
        notices.add(message.getNotice());
        assertThat(frames).isGreaterThanOrEqualTo(60 * notices.size() - 2);
      }
    }
    assertThat(notices).hasSizeBetween(4, 5); // the first one after one to two minutes
    for (StreamNotice notice : notices) {
      assertThat(notice.getKind()).isEqualTo(NoticeKind.NOTICE_KIND_CLOCK);
      assertThat(notice.getClockPpm()).isBetween(95.0, 105.0);
      assertThat(notice.getMessage())
          .startsWith("the clock of mic differs from the server's clock by +");
    }
    quiet.nextFrames(309); // and no notice

    TestSubscriber late = lavalier.subscribe(WITH_CLOCK_NOTICES).requestAll();
    late.nextStarted();
    assertThat(late.next().getNotice().getKind()).isEqualTo(NoticeKind.NOTICE_KIND_CLOCK);
  }
}
