// Decodes the packets of a codec with WebCodecs. The npm package in client/typescript also contains this
// file, so it imports nothing.

// The numbers of the codecs in the contract.
const OPUS = 2;
const FLAC = 3;
const NAMES = { [OPUS]: 'opus', [FLAC]: 'flac' };
const SCALES = { s16: 1 / 32_768, s32: 1 / 2_147_483_648 };

/** Returns the configuration of WebCodecs for a stream; `started` is that of the contract. */
export function decoderConfig({ codec, codecConfig, format }) {
  const config = { codec: NAMES[codec], sampleRate: format.sampleRateHz, numberOfChannels: format.channelCount };
  return codec === FLAC ? { ...config, description: codecConfig } : config;
}

/** Returns one Float32Array for each channel. Integers become the same values as those of PCM. */
export function channelsOf(data) {
  const [type, planar] = data.format.split('-');
  const { numberOfChannels, numberOfFrames } = data;
  const scale = SCALES[type];
  return Array.from({ length: numberOfChannels }, (_, channel) => {
    const values = new Float32Array(numberOfFrames);
    if (!scale) {
      data.copyTo(values, { planeIndex: channel, format: 'f32-planar' });
      return values;
    }
    const Values = type === 's16' ? Int16Array : Int32Array;
    const raw = new Values(planar ? numberOfFrames : numberOfFrames * numberOfChannels);
    data.copyTo(raw, { planeIndex: planar ? channel : 0 });
    const step = planar ? 1 : numberOfChannels;
    for (let i = 0, at = planar ? 0 : channel; i < numberOfFrames; i++, at += step) values[i] = raw[at] * scale;
    return values;
  });
}

/**
 * A decoder of one stream. Each packet has an entry, which is passed to `onDecoded` with its channels,
 * in the order of the packets. If there is no audio for a packet, the channels are null. Before each
 * packet the decoder remains as it was, also after a gap: WebCodecs does not conceal, and an encoder
 * that runs on predicts from what was before.
 */
export class PacketDecoder {
  #onDecoded;
  #decoder;
  #frameSize;
  #frameMicros;
  #channelCount;
  #time = 0; // of the next packet, in microseconds: it only tells the packets apart
  #waiting = []; // `{ time, entry }` of the packets in the decoder

  /** @param onError gets why the browser cannot decode. The decoder is of no use then; close it */
  constructor(started, onDecoded, onError, Decoder = globalThis.AudioDecoder) {
    this.#onDecoded = onDecoded;
    this.#frameSize = started.frameSize;
    this.#frameMicros = Math.round((started.frameSize / started.format.sampleRateHz) * 1e6);
    this.#channelCount = started.format.channelCount;
    this.#decoder = new Decoder({
      output: (data) => this.#receive(data),
      error: (error) => onError(error.message),
    });
    this.#decoder.configure(decoderConfig(started));
  }

  /** The number of packets that are not decoded yet. */
  get waiting() {
    return this.#waiting.length;
  }

  decode(packet, entry, newChunk = (options) => new EncodedAudioChunk(options)) {
    const time = this.#time;
    this.#time += this.#frameMicros;
    this.#waiting.push({ time, entry });
    if (this.#decoder.state === 'closed') return; // `onError` is called soon
    this.#decoder.decode(newChunk({ type: 'key', timestamp: time, duration: this.#frameMicros, data: packet }));
  }

  #receive(data) {
    const whole = data.numberOfFrames === this.#frameSize && data.numberOfChannels === this.#channelCount;
    const channels = whole ? channelsOf(data) : null;
    const { timestamp } = data;
    data.close();
    // A decoder can return nothing for a packet. It can round a time.
    while (this.#waiting.length > 0 && this.#waiting[0].time < timestamp - this.#frameMicros / 2) {
      this.#onDecoded(this.#waiting.shift().entry, null);
    }
    if (this.#waiting.length > 0) this.#onDecoded(this.#waiting.shift().entry, channels);
  }

  /** Ends the decoder. Packets that are not decoded have no audio. */
  close() {
    if (this.#decoder.state !== 'closed') this.#decoder.close();
    for (const { entry } of this.#waiting.splice(0)) this.#onDecoded(entry, null);
  }
}
