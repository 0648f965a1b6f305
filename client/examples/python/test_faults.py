import pathlib
import subprocess

import grpc
import pytest
from lavalier.v1 import audio_capture_pb2 as pb, audio_capture_pb2_grpc as rpc

SERVER = ["java", "-jar", "server/target/lavalier-server.jar"]
SCRIPT = pathlib.Path(__file__).with_name("faults.yaml")


@pytest.fixture(scope="module")
def stub():
    command = [*SERVER, "--port", "0", "--script", str(SCRIPT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            address = server.stdout.readline().split()[-1]
            with grpc.insecure_channel(address) as channel:
                yield rpc.AudioCaptureStub(channel)
        finally:
            server.terminate()


def frames(stub, device_id):
    request = pb.StreamFramesRequest(device_id=device_id, max_latency_ms=60000)
    for message in stub.StreamFrames(request, timeout=60):
        if message.HasField("frame"):
            yield message.frame


def test_lost_samples_are_reported(stub):
    frame = next(frame for frame in frames(stub, "overrun") if frame.HasField("gap"))
    assert frame.gap.sample_count == 320
    assert frame.gap.cause == pb.GAP_CAUSE_DEVICE_OVERRUN


def test_unplugged_microphone_ends_the_stream(stub):
    with pytest.raises(grpc.RpcError) as ended:
        for frame in frames(stub, "unplugged"):
            assert not frame.HasField("gap")
    assert ended.value.code() == grpc.StatusCode.UNAVAILABLE
    assert "unplugged" in ended.value.details()
