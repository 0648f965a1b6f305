import { noDecoder, type DecoderFactory, type PacketDecoder } from './decoders.js';
import type { StreamStarted } from './gen/lavalier/v1/audio_capture_pb.js';
import { PacketDecoder as WebCodecsDecoder } from './packet-decoder.js';

interface Waiting {
  resolve(channels: Float32Array[]): void;
  reject(error: Error): void;
}

/** Rejects with a LavalierError if there is no WebCodecs. */
export async function loadOpusDecoder(): Promise<DecoderFactory> {
  if (!('AudioDecoder' in globalThis)) throw noDecoder('a browser with WebCodecs, and a page from https or localhost');
  return (started) => new WebDecoder(started);
}

class WebDecoder implements PacketDecoder {
  readonly #started: StreamStarted;
  #decoder: WebCodecsDecoder<Waiting> | null = null;
  #reason = ''; // of the last error

  constructor(started: StreamStarted) {
    this.#started = started;
  }

  decode(packet: Uint8Array): Promise<Float32Array[]> {
    return new Promise((resolve, reject) => {
      this.#decoder ??= this.#open();
      this.#decoder.decode(packet, { resolve, reject });
    });
  }

  #open(): WebCodecsDecoder<Waiting> {
    this.#reason = 'the browser returned no audio';
    return new WebCodecsDecoder(
      this.#started,
      ({ resolve, reject }, channels) => (channels ? resolve(channels) : reject(new Error(this.#reason))),
      (message) => { // malformed, or a browser took back a decoder that was not used: the next packet opens another
        this.#reason = message;
        this.close();
      },
    );
  }

  close(): void {
    this.#decoder?.close();
    this.#decoder = null;
  }
}
