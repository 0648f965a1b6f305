import type { OpusDecoder } from 'opus-decoder';
import { noDecoder, type DecoderFactory, type PacketDecoder } from './decoders.js';
import type { StreamStarted } from './gen/lavalier/v1/audio_capture_pb.js';

/** Loads the library. Rejects with a LavalierError if it is not installed. */
export async function loadOpusDecoder(): Promise<DecoderFactory> {
  let library: typeof import('opus-decoder');
  try {
    library = await import('opus-decoder');
  } catch {
    throw noDecoder('the package opus-decoder, which decodes it');
  }
  return ({ format }: StreamStarted) => new LibraryDecoder(new library.OpusDecoder({
    sampleRate: format!.sampleRateHz as 48_000, // or any other rate of Opus
    channels: format!.channelCount,
  }));
}

class LibraryDecoder implements PacketDecoder {
  readonly #library: OpusDecoder<48_000>;
  #closed = false;

  constructor(library: OpusDecoder<48_000>) {
    this.#library = library;
  }

  async decode(packet: Uint8Array): Promise<Float32Array[]> {
    await this.#library.ready;
    if (this.#closed) throw new Error('the decoder was closed');
    const { channelData, errors } = this.#library.decodeFrame(packet);
    if (errors.length > 0) throw new Error(errors[0]!.message);
    return channelData;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    void this.#library.ready.then(() => this.#library.free());
  }
}
