# Reads a stream with gRPC for Ruby: see README.md.
require 'grpc'
require 'json'
require 'lavalier/v1/audio_capture_services_pb'

server, wav, seconds, pause_seconds = ARGV
played = File.binread(wav).byteslice(44..)
loop_bytes = played + played
request = Lavalier::V1::StreamFramesRequest.new(device_id: 'numbers', frame_size: 240, max_latency_ms: 1000)
stub = Lavalier::V1::AudioCapture::Stub.new(server, :this_channel_is_insecure)
first = following = samples = sample_bytes = nil
received = missing = missing_before_pause = misplaced = wrong = 0
paused = complete = false
call = stub.stream_frames(request, return_op: true)
call.execute.each do |message|
  if message.started
    samples = Integer(seconds) * message.started.format.sample_rate_hz
    sample_bytes = 4 * message.started.format.channel_count
  end
  frame = message.frame
  next unless frame

  at = frame.sample_index * sample_bytes % played.bytesize
  wrong += 1 if frame.pcm != loop_bytes.byteslice(at, frame.pcm.bytesize)
  if first.nil?
    first = frame.sample_index
  else
    gap = frame.gap ? frame.gap.sample_count : 0
    misplaced += 1 if frame.sample_index != following + gap
    missing += gap
    missing_before_pause += gap unless paused
  end
  size = frame.pcm.bytesize / sample_bytes
  received += size
  following = frame.sample_index + size
  complete = following - first >= samples
  break if complete

  if !paused && following - first >= samples / 2
    paused = true
    sleep Integer(pause_seconds)
  end
end
abort 'the server ended the stream' unless complete
call.cancel
puts JSON.generate(
  client: "grpc-ruby #{GRPC::VERSION}", first: first, next: following, received: received, missing: missing,
  missing_before_pause: missing_before_pause, misplaced: misplaced, wrong: wrong
)
