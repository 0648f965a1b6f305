"""The rules of a stream: credit, age, gaps, resumption and the end. No test waits."""
import grpc
import pytest
from scripted import (EPOCH, LENGTH, RATE, SECOND, SIZE, TRANSFER, UNAVAILABLE, WALL_START, Script, failure, frame,
                      notice, started)

import lavalier
from lavalier import Cause, NoticeKind
from lavalier.v1 import audio_capture_pb2 as pb


def opened(**changes):
    script = Script(**changes)
    script.run(started())
    return script


def parts(gap):
    return {part.cause: part.sample_count for part in gap.parts}


def test_open_grants_no_credit_until_frame_is_read():
    script = Script()
    script.run()
    assert [request.credit for request in script.requests] == [0]
    assert script.grants == []
    script.run(started())
    assert script.grants == [5]  # half of the queue of 200 ms, for which a round trip can last


def test_reader_that_works_grants_no_credit():
    script = opened()
    for number in range(3):
        assert script.live(number).sample_index == number * SIZE
    assert script.grants == [5, 1, 1]  # the credit of a frame returns when the next one is read
    script.run()
    assert script.grants == [5, 1, 1, 1]


@pytest.mark.parametrize("max_latency_ms, frame_size, credit", [
    (200, RATE, 2),  # at least 2 frames
    (60_000, SIZE, 50),  # at most 1 s
    (200, 1, 1_600)])
def test_credit_covers_half_of_queue(max_latency_ms, frame_size, credit):
    script = Script()
    script.run(started(max_latency_ms=max_latency_ms, frame_size=frame_size))
    assert script.grants == [credit]


def test_gap_of_server_is_passed_on():
    script = opened()
    assert script.live(0).gap is None
    gap = script.live(3, missing=2 * SIZE).gap
    assert (gap.sample_count, gap.cause, gap.estimated) == (2 * SIZE, Cause.SLOW_SUBSCRIBER, False)


def test_frame_that_expired_in_transit_is_dropped_and_counted():
    script = opened()
    script.live(0)
    script.now = 5 * SECOND  # the reader stalls
    assert script.run(frame(1), frame(2)) is None
    read = script.live(250, missing=247 * SIZE)
    assert read.sample_index == 250 * SIZE
    assert parts(read.gap) == {Cause.SLOW_SUBSCRIBER: 249 * SIZE}
    assert script.session.stale_frames == 2
    assert script.live(251).gap is None


def test_frame_that_expired_in_transit_ends_stream_with_overflow_close():
    script = opened(overflow="close")
    script.live(0)
    script.now = 5 * SECOND
    with pytest.raises(lavalier.LimitReachedError, match=r"^max_latency: 0.2 \(expected: frames read in time"):
        script.run(frame(1))


@pytest.mark.parametrize("steady", [77 * SECOND, None])
@pytest.mark.parametrize("step", [3_600 * SECOND, -3_600 * SECOND])
def test_clock_of_server_that_is_set_expires_no_frame(step, steady):
    script = opened()
    for number in range(10):
        wall = WALL_START + (step if number >= 5 else 0)
        assert script.live(number, wall=wall, steady=steady).sample_index == number * SIZE
    assert script.session.stale_frames == 0


@pytest.mark.parametrize("steady", [77 * SECOND, None])
def test_old_frame_expires_although_clock_of_server_was_set(steady):
    script = opened()
    script.live(0, steady=steady)
    script.live(1, steady=steady, wall=WALL_START + 3_600 * SECOND)
    script.now = 2 * SECOND
    assert script.run(frame(2, steady=steady, wall=WALL_START + 3_600 * SECOND)) is None


def test_suspended_server_is_not_taken_for_wait():
    script = opened()
    script.live(0)
    # The machine of the server is suspended for 60 s: its steady clock stops, and its wall clock does not.
    script.now += 60 * SECOND
    read = script.run(frame(1, wall=WALL_START + 60 * SECOND))
    assert read is not None and read.sample_index == SIZE


def test_clocks_that_drift_expire_no_frame():
    script = opened()
    script.live(0)
    for number in range(1, 3_000):  # a minute, with a difference of 500 ppm
        script.now = (number + 1) * LENGTH * 10_005 // 10_000 + TRANSFER
        assert script.run(frame(number)) is not None


def test_lost_connection_resumes_with_next_sample():
    script = opened(format="16000/1/s16le", preroll=2.0)
    assert script.requests[0].subscribe.preroll_ms == 2_000
    script.live(0)
    script.live(1)
    assert script.run(UNAVAILABLE) is None
    request = script.requests[1]
    assert request.credit == 5
    assert request.subscribe.resume == pb.ResumePoint(epoch=EPOCH, sample_index=2 * SIZE)
    assert (request.subscribe.device_id, request.subscribe.frame_size) == ("mic", SIZE)
    assert request.subscribe.format.sample_rate_hz == RATE
    script.now = 13 * LENGTH + TRANSFER
    script.run(started())
    read = script.run(frame(12, missing=10 * SIZE, cause=pb.GAP_CAUSE_NOT_KEPT))
    assert parts(read.gap) == {Cause.NOT_KEPT: 10 * SIZE}
    assert not read.gap.estimated
    assert [each.kind for each in script.notices] == [NoticeKind.RECONNECTING, NoticeKind.RECONNECTED]
    assert script.notices[0].message == "connection lost, reconnecting for at most 300 s: a reason"
    assert script.notices[1].message.endswith("s, 3200 samples (0.200 s) are missing")


def test_resumed_stream_without_loss_has_no_gap():
    script = opened()
    script.live(0)
    script.run(UNAVAILABLE, started())
    assert script.run(frame(1)).gap is None
    assert script.notices[1].message.endswith("no samples are missing")


def test_gap_after_restart_of_server_is_estimated_by_capture_time():
    script = opened()
    script.live(0)
    script.run(UNAVAILABLE)
    script.now = 10 * SECOND + LENGTH + TRANSFER
    script.run(started(epoch=EPOCH + 10_000_000))
    read = script.run(frame(0, wall=WALL_START + 10 * SECOND, steady=5 * SECOND))
    assert parts(read.gap) == {Cause.NOT_KEPT: 10 * RATE - SIZE}
    assert read.gap.estimated


def test_gap_after_restart_is_passed_time_if_clock_of_server_was_set():
    script = opened()
    script.live(0)
    script.run(UNAVAILABLE)
    script.now = 10 * SECOND + LENGTH + TRANSFER
    script.run(started(epoch=EPOCH + 10_000_000))
    read = script.run(frame(0, wall=WALL_START + 86_400 * SECOND, steady=5 * SECOND))
    assert read.gap.sample_count == pytest.approx(10 * RATE - SIZE, abs=2)
    assert read.gap.estimated


def test_retries_wait_longer_each_time_and_end():
    script = opened(reconnect=20.0)
    script.live(0)
    began = script.now
    with pytest.raises(lavalier.UnavailableError, match="^reason 8$"):
        for number in range(20):
            script.run(failure(grpc.StatusCode.UNAVAILABLE, f"reason {number}"))
    assert [wait / SECOND for wait in script.waits[:7]] == [0.25, 0.5, 1, 2, 4, 5, 5]
    assert script.now - began == 20 * SECOND
    assert [each.kind for each in script.notices] == [NoticeKind.RECONNECTING]
    with pytest.raises(lavalier.UnavailableError, match="^reason 8$"):
        script.run()  # a stream that has ended stays so


def test_loss_ends_stream_without_reconnect():
    script = opened(reconnect=0.0)
    script.live(0)
    with pytest.raises(lavalier.UnavailableError):
        script.run(UNAVAILABLE)
    assert script.waits == [] and script.notices == []


def test_first_connection_is_not_retried():
    script = Script()
    with pytest.raises(lavalier.UnavailableError):
        script.run(UNAVAILABLE)
    assert script.waits == []


def test_silent_server_ends_opening():
    script = Script()
    script.run()
    assert script.session.step().deadline == 20 * SECOND
    script.now = 20 * SECOND
    with pytest.raises(lavalier.UnavailableError,
                       match=r"^server: 127.0.0.1:50051 \(expected: a Lavalier server; it did not answer in 20 s\)$"):
        script.run(None)


def test_attempt_takes_no_longer_than_time_of_reconnect():
    script = opened(reconnect=5.0)
    script.live(0)
    lost = script.now
    script.run(UNAVAILABLE)
    deadline = script.session.step().deadline
    assert deadline == lost + 5 * SECOND
    script.now = deadline
    with pytest.raises(lavalier.UnavailableError, match="it did not answer in 5 s"):
        script.run(None)


def test_stalled_reader_resumes_as_slow_subscriber():
    script = opened()
    script.live(0)
    script.now = 60 * SECOND
    limit = failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "nothing was read for 30 s")
    assert script.run(frame(1), limit) is None
    assert script.notices[0].message.startswith("the server ended the stream, reconnecting")
    script.run(started())
    number = script.now // LENGTH
    read = script.live(number, missing=(number - 2) * SIZE, cause=pb.GAP_CAUSE_NOT_KEPT)
    assert parts(read.gap) == {Cause.SLOW_SUBSCRIBER: (number - 1) * SIZE}


def test_limit_ends_stream_that_had_no_frame():
    script = opened()
    with pytest.raises(lavalier.LimitReachedError):
        script.run(failure(grpc.StatusCode.RESOURCE_EXHAUSTED))


def test_refused_queue_is_shortened():
    script = opened(max_latency=60.0)
    script.live(0)
    limit = failure(grpc.StatusCode.RESOURCE_EXHAUSTED)
    script.run(UNAVAILABLE, limit, limit)
    assert [each.subscribe.max_latency_ms for each in script.requests] == [60_000, 60_000, 15_000, 3_750]
    assert len(script.waits) == 1
    script.run(started(max_latency_ms=3_750))
    script.live(1)
    assert script.notices[1].message.endswith("; the server refused a longer queue than 3.8 s")


def test_rejected_resume_point_is_left_out():
    script = opened()
    script.live(0)
    script.run(UNAVAILABLE, failure(grpc.StatusCode.OUT_OF_RANGE, "resume: in the future"))
    assert script.requests[2].subscribe.WhichOneof("start") is None
    script.now = 10 * SECOND + TRANSFER
    script.run(started(epoch=EPOCH - 1))
    read = script.run(frame(0, wall=WALL_START - 3_600 * SECOND, steady=SECOND))
    assert read.gap.sample_count == pytest.approx(10 * RATE - 2 * SIZE, abs=2)


@pytest.mark.parametrize("code, error", [
    (grpc.StatusCode.UNAUTHENTICATED, lavalier.NotAuthenticatedError),
    (grpc.StatusCode.PERMISSION_DENIED, lavalier.NotPermittedError),
    (grpc.StatusCode.NOT_FOUND, lavalier.DeviceNotFoundError)])
def test_rejection_ends_stream_also_while_it_reconnects(code, error):
    for received in ([], [UNAVAILABLE]):
        script = opened()
        script.live(0)
        with pytest.raises(error):
            script.run(*received, failure(code))


def test_lost_device_ends_stream_by_default():
    script = opened()
    script.live(0)
    with pytest.raises(lavalier.UnavailableError):
        script.run(notice(pb.NOTICE_KIND_DEVICE_LOST), UNAVAILABLE)
    assert [each.kind for each in script.notices] == [NoticeKind.DEVICE_LOST]


def test_lost_device_returns_with_new_epoch_and_gap():
    script = opened(on_device_loss="wait")
    script.live(0)
    script.run(notice(pb.NOTICE_KIND_DEVICE_LOST))
    script.now = 8 * SECOND + LENGTH + TRANSFER
    script.run(started(epoch=EPOCH + 8_000_000))
    read = script.run(frame(0, missing=8 * RATE, cause=pb.GAP_CAUSE_DEVICE_LOST, estimated=True,
                            wall=WALL_START + 8 * SECOND, steady=85 * SECOND))
    assert script.session.start.epoch == EPOCH + 8_000_000
    assert parts(read.gap) == {Cause.DEVICE_LOST: 8 * RATE}
    assert read.gap.estimated
    assert len(script.requests) == 1


def test_stopped_server_is_reconnected():
    script = opened()
    script.live(0)
    script.run(notice(pb.NOTICE_KIND_SERVER_STOPPING), UNAVAILABLE)
    assert len(script.requests) == 2


def test_history_does_not_expire():
    script = Script(preroll=2.0)
    script.run(started(preroll_ms=2_000))
    script.now = 2 * SECOND
    for number in range(100):  # at once
        assert script.run(frame(number)) is not None
    for number in range(100, 110):
        assert script.live(number) is not None
    script.now += SECOND
    assert script.run(frame(110)) is None


def test_notice_of_newer_server_is_other():
    script = opened()
    script.run(notice(99))
    assert [each.kind for each in script.notices] == [NoticeKind.OTHER]


def test_message_of_newer_server_is_ignored():
    script = opened()
    assert script.run(pb.StreamFramesResponse()) is None
    assert script.live(0) is not None
