// Reads a stream with gRPC for C++: see README.md.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <thread>

#include "lavalier/v1/audio_capture.grpc.pb.h"

int main(int, char** argv) {
  std::ifstream wav(argv[2], std::ios::binary);
  const std::string played =
      std::string(std::istreambuf_iterator<char>(wav), std::istreambuf_iterator<char>()).substr(44);
  const std::string loop = played + played;
  const int64_t seconds = std::atoi(argv[3]);
  const std::chrono::seconds pause(std::atoi(argv[4]));
  lavalier::v1::StreamFramesRequest request;
  request.set_device_id("numbers");
  request.set_frame_size(240);
  request.set_max_latency_ms(1000);
  auto stub = lavalier::v1::AudioCapture::NewStub(
      grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  auto call = stub->StreamFrames(&context, request);
  int64_t samples = 0, sample_bytes = 0, first = -1, next = 0, received = 0;
  int64_t missing = 0, missing_before_pause = 0, misplaced = 0, wrong = 0;
  bool paused = false;
  bool complete = false;
  lavalier::v1::StreamFramesResponse message;
  while (!complete && call->Read(&message)) {
    if (message.has_started()) {
      samples = seconds * message.started().format().sample_rate_hz();
      sample_bytes = 4 * message.started().format().channel_count();
    }
    if (!message.has_frame()) {
      continue;
    }
    const auto& frame = message.frame();
    const int64_t at = frame.sample_index() * sample_bytes % static_cast<int64_t>(played.size());
    wrong += loop.compare(at, frame.pcm().size(), frame.pcm()) != 0;
    if (first < 0) {
      first = frame.sample_index();
    } else {
      misplaced += frame.sample_index() != next + frame.gap().sample_count();
      missing += frame.gap().sample_count();
      missing_before_pause += paused ? 0 : frame.gap().sample_count();
    }
    const int64_t size = static_cast<int64_t>(frame.pcm().size()) / sample_bytes;
    received += size;
    next = frame.sample_index() + size;
    complete = next - first >= samples;
    if (!complete && !paused && next - first >= samples / 2) {
      paused = true;
      std::this_thread::sleep_for(pause);
    }
  }
  context.TryCancel();
  const grpc::Status status = call->Finish();
  if (!complete) {
    std::cerr << status.error_code() << " " << status.error_message() << std::endl;
    return 1;
  }
  std::cout << "{\"client\": \"grpc-cpp " << grpc::Version() << "\", \"first\": " << first
            << ", \"next\": " << next << ", \"received\": " << received << ", \"missing\": " << missing
            << ", \"missing_before_pause\": " << missing_before_pause << ", \"misplaced\": " << misplaced
            << ", \"wrong\": " << wrong << "}" << std::endl;
  return 0;
}
