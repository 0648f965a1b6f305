import type { StreamStarted } from './gen/lavalier/v1/audio_capture_pb.js';

/** The types of packet-decoder.js, which the build copies from the page of the server. */
export class PacketDecoder<Entry> {
  constructor(
    started: StreamStarted, onDecoded: (entry: Entry, channels: Float32Array[] | null) => void,
    onError: (message: string) => void,
  );

  get waiting(): number;

  decode(packet: Uint8Array, entry: Entry): void;

  close(): void;
}
