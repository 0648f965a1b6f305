// The words and numbers of the page.
import { Cause, DeviceState, Encoding, Status } from './contract.js';
import { NOT_CONNECTED, NOT_DECODED } from './position.js';

const STATES = {
  [DeviceState.CLOSED]: 'off',
  [DeviceState.OPENING]: 'opening',
  [DeviceState.OPEN]: 'on',
  [DeviceState.LOST]: 'lost',
  [DeviceState.CLOSING]: 'closing',
  [DeviceState.NOT_RESPONDING]: 'not responding',
};

const CAUSES = {
  [Cause.SLOW_SUBSCRIBER]: 'this page or the network was too slow',
  [Cause.DEVICE_OVERRUN]: 'the device lost them',
  [Cause.DEVICE_LOST]: 'the device was away',
  [Cause.NOT_KEPT]: 'the server did not keep them',
  [Cause.SERVER_OVERLOAD]: 'the server was overloaded',
  [Cause.UPSTREAM]: 'they did not reach the server',
  [NOT_CONNECTED]: 'this page had no connection',
  [NOT_DECODED]: 'the browser did not decode them',
};

const ENCODINGS = {
  [Encoding.S16LE]: '16 bit', [Encoding.S24LE]: '24 bit', [Encoding.S32LE]: '32 bit', [Encoding.F32LE]: '32 bit float',
};

const ADVICE = {
  [Status.UNAUTHENTICATED]: 'Enter a token.',
  [Status.PERMISSION_DENIED]: 'Ask the operator of the server for access.',
  [Status.RESOURCE_EXHAUSTED]: 'Close other streams, or ask the operator for a higher limit.',
};

const integer = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export function count(value) {
  return integer.format(value).replaceAll(',', '\u202f');
}

export function stateName(state) {
  return STATES[state] ?? 'unknown';
}

export function causeName(cause) {
  return CAUSES[cause] ?? 'the cause is unknown';
}

export function formatText(format) {
  if (!format) return 'format unknown';
  const channels = { 1: 'mono', 2: 'stereo' }[format.channelCount] ?? `${format.channelCount} channels`;
  return `${format.sampleRateHz / 1e3} kHz, ${channels}, ${ENCODINGS[format.encoding] ?? 'unknown encoding'}`;
}

export function listeners(number) {
  if (number === 0) return 'nobody listens';
  return plural(number, 'stream');
}

/** Returns a number and a word, such as `1 frame` and `2 frames`. */
export function plural(number, word) {
  return `${count(number)} ${word}${number === 1 ? '' : 's'}`;
}

/** Returns a length such as `12 ms`, `3.4 s` or `2 min 5 s`. */
export function duration(ms) {
  if (ms < 1) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1_000)} s`;
}

/** Returns a bit rate such as `96 kbit/s`. */
export function bitrateText(bitsPerSecond) {
  return `${count(bitsPerSecond / 1e3)} kbit/s`;
}

/** Returns a level in dBFS; `factor` is the level of 0 dB. */
export function decibels(level, factor = 1) {
  return level > 0 ? 20 * Math.log10(level / factor) : -Infinity;
}

export function decibelText(value) {
  return Number.isFinite(value) ? value.toFixed(1).replace('-', '\u2212') : '\u2212\u221e';
}

export function timeOfDay(unixMs) {
  return new Date(unixMs).toLocaleTimeString('en-GB');
}

/** Returns one line about a gap: its count, its length and its causes. */
export function gapText(gap, rate) {
  const about = gap.estimated ? 'about ' : '';
  const length = duration((gap.sampleCount / rate) * 1e3);
  const causes = gap.parts.length === 1
    ? causeName(gap.cause)
    : gap.parts.map((part) => `${count(part.sampleCount)}: ${causeName(part.cause)}`).join('; ');
  return `${about}${count(gap.sampleCount)} samples missing (${length}): ${causes}`;
}

/** Returns what to show about the end of a call. */
export function statusText({ code, message, retryMs }) {
  const parts = [message || `The call ended with status ${code}.`];
  if (!/[.!?)]$/.test(parts[0])) parts[0] += '.';
  if (ADVICE[code]) parts.push(ADVICE[code]);
  if (retryMs !== null && retryMs !== undefined) parts.push('The page connects again.');
  return parts.join(' ');
}
