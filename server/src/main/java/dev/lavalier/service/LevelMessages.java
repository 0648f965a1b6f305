package dev.lavalier.service;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.lavalier.audio.LevelMeter;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.StreamStart;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.IntervalLevels;
import dev.lavalier.pipeline.LevelCodec;
import dev.lavalier.v1.AudioLevels;
import dev.lavalier.v1.ChannelLevel;
import dev.lavalier.v1.StreamLevelsResponse;

/** Translates values of the hub into encoded messages of StreamLevels. */
final class LevelMessages {

  private LevelMessages() {}

  /** Encodes the levels of intervals as messages. */
  static final LevelCodec CODEC = LevelMessages::levels;

  private static byte[] levels(IntervalLevels levels) {
    LevelMeter meter = levels.meter();
    AudioLevels.Builder message =
        AudioLevels.newBuilder()
            .setEpoch(levels.epoch())
            .setSampleIndex(levels.sampleIndex())
            .setSampleCount(levels.samples())
            .setLostSampleCount(levels.samplesLost())
            .setCaptureTimeUnixNanos(levels.captureUnixNanos());
    for (int channel = 0; channel < meter.channelCount(); channel++) {
      message.addChannels(
          ChannelLevel.newBuilder()
              .setPeak(meter.peak(channel))
              .setRms(meter.rms(channel))
              .setClippedCount(meter.clipped(channel)));
    }
    return StreamLevelsResponse.newBuilder().setLevels(message).build().toByteArray();
  }

  /** Returns the message of an interval with a gap added, for one subscriber. */
  static byte[] levels(Frame interval, Gap gap) {
    try {
      StreamLevelsResponse.Builder message =
          StreamLevelsResponse.parseFrom(interval.message()).toBuilder();
      message.getLevelsBuilder().setGap(ProtoMessages.gap(gap));
      return message.build().toByteArray();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e); // this class encoded it
    }
  }

  static byte[] started(StreamStart started) {
    return StreamLevelsResponse.newBuilder()
        .setStarted(ProtoMessages.startedMessage(started))
        .build()
        .toByteArray();
  }

  static byte[] notice(Notice notice) {
    return StreamLevelsResponse.newBuilder()
        .setNotice(ProtoMessages.noticeMessage(notice))
        .build()
        .toByteArray();
  }
}
