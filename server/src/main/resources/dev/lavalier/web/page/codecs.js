// The codecs that a user can choose, and the one that the page chooses.
import { Codec } from './contract.js';

const KILOBITS = [32, 64, 96, 128, 192];
const MAX_OPUS_CHANNELS = 2;

export const AUTOMATIC = 'auto';

/** The choices: `value` is also in the address of the page. */
export const CHOICES = [
  { value: AUTOMATIC, text: 'Automatic' },
  { value: 'pcm', text: 'PCM', codec: Codec.PCM, bitrate: 0 },
  { value: 'flac', text: 'FLAC', codec: Codec.FLAC, bitrate: 0 },
  ...KILOBITS.map((kilobits) => ({
    value: `opus-${kilobits}`, text: `Opus ${kilobits} kbit/s`, codec: Codec.OPUS, bitrate: kilobits * 1_000,
  })),
];

const NAMES = { [Codec.PCM]: 'PCM', [Codec.OPUS]: 'Opus', [Codec.FLAC]: 'FLAC' };

export function codecName(codec) {
  return NAMES[codec] ?? NAMES[Codec.PCM];
}

/** Returns whether a host is the machine on which the browser runs. */
export function isLoopback(hostname) {
  return /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

/**
 * Returns the codec to request. By itself, the page requests Opus if there is a network between it and
 * the server.
 *
 * @param value a choice
 * @param channelCount of the device
 * @param supported the codecs that the browser decodes
 */
export function requestedCodec(value, { hostname, channelCount, supported }) {
  const choice = CHOICES.find((c) => c.value === value);
  if (choice?.codec && supported.has(choice.codec)) return { codec: choice.codec, bitrate: choice.bitrate };
  const opus = value === AUTOMATIC && !isLoopback(hostname) && channelCount <= MAX_OPUS_CHANNELS && supported.has(Codec.OPUS);
  return { codec: opus ? Codec.OPUS : Codec.PCM, bitrate: 0 };
}

/**
 * Returns the format to request: the fields that are not as captured.
 *
 * @param rate the rate in Hz, or 0, that every browser plays
 */
export function requestedFormat(codec, rate, channelCount) {
  if (codec !== Codec.OPUS) return { sampleRateHz: rate };
  // Every browser decodes Opus at this rate.
  return { sampleRateHz: 48_000, channelCount: channelCount > MAX_OPUS_CHANNELS ? 1 : 0 };
}

// `fLaC` and a STREAMINFO block: 960 samples, 48 kHz, 2 channels, 16 bits.
const FLAC_DESCRIPTION = Uint8Array.from([
  0x66, 0x4c, 0x61, 0x43, 0x80, 0, 0, 34, 3, 0xc0, 3, 0xc0, 0, 0, 0, 0, 0, 0, 0x0b, 0xb8, 2, 0xf0, 0, 0, 0, 0, ...new Array(16).fill(0),
]);

/** Returns the codecs that this browser decodes: PCM, and those of WebCodecs. */
export async function supportedCodecs(Decoder = globalThis.AudioDecoder) {
  const supported = new Set([Codec.PCM]);
  const configs = [
    [Codec.OPUS, { codec: 'opus', sampleRate: 48_000, numberOfChannels: 2 }],
    [Codec.FLAC, { codec: 'flac', sampleRate: 48_000, numberOfChannels: 2, description: FLAC_DESCRIPTION }],
  ];
  await Promise.all(configs.map(async ([codec, config]) => {
    try {
      if ((await Decoder.isConfigSupported(config)).supported) supported.add(codec);
    } catch {
      // No WebCodecs, or not this codec.
    }
  }));
  return supported;
}
