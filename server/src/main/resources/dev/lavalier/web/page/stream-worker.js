// The worker: it receives the frames of the selected device, analyses them, records them, and sends
// them to the audio thread. The page's thread is not in the way of audio.
//
// The page asks for what it draws with `poll`, at its own pace: a page that is blocked or hidden
// holds up nothing, and nothing is queued for it.
import { Analysis } from './analysis.js';
import { Call } from './call.js';
import { codecName } from './codecs.js';
import { Codec, GetServerInfoRequest, GetServerInfoResponse, NoticeKind } from './contract.js';
import { DeviceStream } from './device-stream.js';
import { encodePcm, playedChannels } from './pcm.js';
import { Recorder } from './recorder.js';

const ROUND_TRIPS = 3;
const MAX_EVENTS = 200;
const MAX_UNPLAYED_MS = 1_000;
const MAX_QUEUED_MS = 250; // between this thread and the audio thread
const LOSSY_ZERO = 2 / 32_768; // the largest value to which silence is decoded

let generation = 0; // of the selection
let stream = null;
let start = null;
let analysis = null;
let recorder = null;
let player = null;
let events = []; // gaps and notices since the last poll
let droppedEvents = 0;
let roundTripMs = 0;
let newestMs = null; // the age of the newest frame when it arrived, since its last sample was captured
let lastFrameAt = 0;
let muted = false;

function addEvent(event) {
  events.push({ ...event, unixMs: Date.now() });
  if (events.length > MAX_EVENTS) {
    events.shift();
    droppedEvents++;
  }
}

/** The audio thread, behind a port. Sends no more than a second of audio that was not received. */
class Player {
  #port;
  #sent = 0;
  #received = 0;
  #missing = 0;

  report = null;
  skippedFrames = 0;
  latencyMs = null; // from the device to the sound card

  constructor(port) {
    this.#port = port;
    port.onmessage = ({ data }) => {
      this.#received = data.received;
      this.report = data;
      if (data.received > 0) this.latencyMs = performance.now() - data.endTime + data.queuedMs;
    };
  }

  play(channels, gap, endTime, frameMs, expiresAt) {
    this.#missing += gap?.sampleCount ?? 0;
    if ((this.#sent - this.#received) * frameMs >= MAX_UNPLAYED_MS) {
      this.#missing += channels[0].length;
      this.skippedFrames++;
      return;
    }
    const frame = playedChannels(channels);
    const message = { frame, missing: this.#missing, endTime, expiresAt };
    this.#port.postMessage(message, frame.map((values) => values.buffer));
    this.#sent++;
    this.#missing = 0;
  }

  close() {
    this.#port.close();
  }
}

/** Measures the shortest of some round trips. */
function measureRoundTrip(token, rest = ROUND_TRIPS) {
  let sentAt = 0;
  const call = new Call({
    method: 'GetServerInfo',
    types: { request: GetServerInfoRequest, response: GetServerInfoResponse },
    request: {},
    token,
    onSent: () => { sentAt = performance.now(); },
    onMessage: ({ version }) => {
      const ms = performance.now() - sentAt;
      roundTripMs = rest === ROUND_TRIPS ? ms : Math.min(roundTripMs, ms);
      call.cancel();
      if (rest > 1) measureRoundTrip(token, rest - 1);
      else self.postMessage({ version });
    },
    onEnd: () => {}, // the stream reports that the server is away
  });
}

function onStarted(message, { token, codec }) {
  if (start === null && codec !== Codec.PCM && message.codec !== codec) {
    addEvent({ kind: 'notice', text: `The server does not have ${codecName(codec)}. It sends PCM.` });
  }
  const returned = start !== null && start.epoch !== message.epoch;
  const { sampleRateHz, channelCount, encoding } = message.format;
  const same = start && start.format.sampleRateHz === sampleRateHz
    && start.format.channelCount === channelCount && start.format.encoding === encoding;
  start = message;
  muted = false;
  if (!same) {
    finishRecording('the format changed');
    analysis = new Analysis(start.format);
  }
  if (returned) addEvent({ kind: 'notice', text: 'The device is back.' });
  measureRoundTrip(token);
  self.postMessage({ generation, started: start, lanes: analysis.lanes, same });
}

function onFrame(frame, gap, onTime, channels, clipped) {
  const frameMs = (start.frameSize / start.format.sampleRateHz) * 1e3;
  const delayMs = (frame.readDelayMicros + (start.conversion?.codecDelayMicros ?? 0)) / 1e3;
  // The frame was read half a round trip before it could arrive at the earliest.
  const endTime = onTime - roundTripMs / 2 - delayMs + frameMs;
  // The audio thread has no steady clock. The order of the two clocks matters: if the browser stops this
  // thread between them, the frame expires.
  const unixMs = Date.now();
  lastFrameAt = performance.now();
  const expiresAt = unixMs - (lastFrameAt - onTime) + start.maxLatencyMs + MAX_QUEUED_MS;
  newestMs = lastFrameAt - endTime;
  if (gap) {
    analysis.addMissing(gap.sampleCount);
    addEvent({ kind: 'gap', gap, rate: start.format.sampleRateHz, column: analysis.columnCount });
  }
  const zero = start.codec === Codec.OPUS ? LOSSY_ZERO : 0;
  if (muted && channels.some((values) => values.some((value) => Math.abs(value) > zero))) {
    muted = false;
    addEvent({ kind: 'notice', text: 'The device is not silent any more.' });
  }
  analysis.add(channels, clipped);
  player?.play(channels, gap, endTime, frameMs, expiresAt);
  if (recorder) {
    const { pcm, captureTimeUnixNanos } = frame;
    recorder.add({ pcm: pcm.length > 0 ? pcm : encodePcm(channels, start.format), captureTimeUnixNanos }, gap);
    if (recorder.full) finishRecording('the recording has its largest size');
  }
}

function onNotice({ kind, message }) {
  muted ||= kind === NoticeKind.MUTED;
  addEvent({ kind: 'notice', text: message });
}

function finishRecording(reason) {
  if (!recorder) return;
  const { startUnixNanos, seconds } = recorder;
  const blob = seconds > 0 ? recorder.finish() : null;
  recorder = null;
  self.postMessage({ recorded: { blob, startUnixNanos, seconds, reason, deviceId: start.deviceId } });
}

function select(selection, reason = 'another device or codec was selected') {
  deselect(reason);
  generation = selection.generation;
  stream = new DeviceStream({
    ...selection,
    roundTripMs: () => roundTripMs,
    onStarted: (message) => onStarted(message, selection),
    onFrame,
    onNotice,
    onEnd: (status) => self.postMessage({ generation, ended: status }),
    onNoCodec: (text) => {
      select({ ...selection, codec: Codec.PCM, bitrate: 0 }, 'the codec is not available');
      addEvent({ kind: 'notice', text: `${text} The page uses PCM.` });
    },
  });
}

function deselect(reason) {
  stream?.cancel();
  finishRecording(reason);
  stream = null;
  start = null;
  analysis = null;
  events = [];
  droppedEvents = 0;
  newestMs = null;
  lastFrameAt = 0;
  muted = false;
}

function view() {
  const result = {
    ...(analysis?.take() ?? { columnCount: 0, columns: [], levels: [], peakFrequency: null }),
    events,
    droppedEvents,
    received: stream?.received ?? 0,
    missing: stream?.missing ?? 0,
    receivedBytes: stream?.receivedBytes ?? 0,
    newestMs,
    quietMs: lastFrameAt === 0 ? 0 : performance.now() - lastFrameAt,
    player: player && { ...player.report, latencyMs: player.latencyMs },
    recordedSeconds: recorder?.seconds ?? null,
    muted,
  };
  events = [];
  droppedEvents = 0;
  return result;
}

self.onmessage = ({ data }) => {
  if (data.select) select(data.select);
  if (data.listen !== undefined) {
    player?.close();
    player = data.listen && new Player(data.listen);
  }
  if (data.record === true && start) recorder ??= new Recorder(start.format);
  if (data.record === false) finishRecording(null);
  if (data.poll) self.postMessage({ generation, view: view() });
};
