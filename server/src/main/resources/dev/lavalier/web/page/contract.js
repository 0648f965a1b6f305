// The messages of the contract lavalier.v1 that the page uses. The names are those of
// audio_capture.proto; PageMessagesTest compares the two.
import { messageType } from './wire.js';

export const SERVICE = '/lavalier.v1.AudioCapture/';

export const AudioFormat = messageType({
  encoding: [1, 'int32'],
  sampleRateHz: [2, 'int32'],
  channelCount: [3, 'int32'],
});

export const Device = messageType({
  deviceId: [1, 'string'],
  name: [2, 'string'],
  vendor: [3, 'string'],
  description: [4, 'string'],
  isDefault: [5, 'bool'],
  state: [6, 'int32'],
  captureFormat: [7, AudioFormat],
  subscriberCount: [9, 'int32'],
  nodeId: [10, 'string'],
  recorded: [11, 'bool'],
});

const DeviceSnapshot = messageType({ devices: [1, Device, 'repeated'] });

export const WatchDevicesRequest = messageType({});

export const WatchDevicesResponse = messageType({
  snapshot: [1, DeviceSnapshot],
  device: [2, Device],
  removedDeviceId: [3, 'string'],
});

export const GetServerInfoRequest = messageType({});

export const GetServerInfoResponse = messageType({
  version: [1, 'string'],
  serverTimeUnixNanos: [4, 'int64'],
  serverSteadyNanos: [5, 'int64'],
});

export const StreamFramesRequest = messageType({
  deviceId: [1, 'string'],
  frameSize: [2, 'int32'],
  format: [3, AudioFormat],
  maxLatencyMs: [4, 'int32'],
  onDeviceLoss: [6, 'int32'],
  codec: [17, 'int32'],
  bitrate: [18, 'int32'],
});

export const PullFramesRequest = messageType({
  subscribe: [1, StreamFramesRequest],
  credit: [2, 'int32'],
});

const Conversion = messageType({ codecDelayMicros: [5, 'int32'] });

export const StreamStarted = messageType({
  deviceId: [1, 'string'],
  epoch: [2, 'int64'],
  format: [3, AudioFormat],
  frameSize: [4, 'int32'],
  captureFormat: [5, AudioFormat],
  maxLatencyMs: [6, 'int32'],
  conversion: [9, Conversion],
  codec: [13, 'int32'],
  codecConfig: [14, 'bytes'],
  bitrate: [15, 'int32'],
});

const GapPart = messageType({
  sampleCount: [1, 'int64'],
  cause: [2, 'int32'],
  estimated: [3, 'bool'],
});

export const Gap = messageType({
  sampleCount: [1, 'int64'],
  cause: [2, 'int32'],
  estimated: [3, 'bool'],
  parts: [4, GapPart, 'repeated'],
});

export const AudioFrame = messageType({
  pcm: [1, 'bytes'],
  sampleIndex: [2, 'int64'],
  captureTimeUnixNanos: [3, 'int64'],
  gap: [4, Gap],
  readDelayMicros: [5, 'uint32'],
  readTimeSteadyNanos: [6, 'int64'],
  packet: [7, 'bytes'],
});

export const StreamNotice = messageType({
  kind: [1, 'int32'],
  message: [2, 'string'],
});

export const StreamFramesResponse = messageType({
  started: [1, StreamStarted],
  frame: [2, AudioFrame],
  notice: [3, StreamNotice],
});

export const StreamLevelsRequest = messageType({
  deviceId: [1, 'string'],
  intervalMs: [2, 'int32'],
  onDeviceLoss: [3, 'int32'],
});

const ChannelLevel = messageType({
  peak: [1, 'double'],
  rms: [2, 'double'],
  clippedCount: [3, 'int64'],
});

export const AudioLevels = messageType({
  sampleIndex: [2, 'int64'],
  channels: [7, ChannelLevel, 'repeated'],
});

export const StreamLevelsResponse = messageType({
  started: [1, StreamStarted],
  levels: [2, AudioLevels],
  notice: [3, StreamNotice],
});

export const ON_DEVICE_LOSS_WAIT = 2;

export const Encoding = { S16LE: 1, S24LE: 2, S32LE: 3, F32LE: 4 };

export const Codec = { UNSPECIFIED: 0, PCM: 1, OPUS: 2, FLAC: 3 };

export const DeviceState = { CLOSED: 1, OPENING: 2, OPEN: 3, LOST: 4, CLOSING: 5, NOT_RESPONDING: 6 };

export const NoticeKind = { DEVICE_LOST: 1, SERVER_STOPPING: 2, MUTED: 3 };

export const Cause = {
  UNSPECIFIED: 0, SLOW_SUBSCRIBER: 1, DEVICE_OVERRUN: 2, DEVICE_LOST: 3, NOT_KEPT: 4, SERVER_OVERLOAD: 5, UPSTREAM: 6,
};

/** The gRPC status codes with which a call can end. */
export const Status = {
  OK: 0, CANCELLED: 1, INVALID_ARGUMENT: 3, NOT_FOUND: 5, PERMISSION_DENIED: 7, RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9, OUT_OF_RANGE: 11, UNIMPLEMENTED: 12, INTERNAL: 13, UNAVAILABLE: 14, UNAUTHENTICATED: 16,
};
