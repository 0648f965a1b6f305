import { failure, Status, type LavalierError } from './errors.js';
import { FlacDecoder } from './flac.js';
import {
  Codec, SampleEncoding, type AudioFormat, type AudioFrame, type StreamStarted,
} from './gen/lavalier/v1/audio_capture_pb.js';

/**
 * Decodes the packets of one epoch, in order, one at a time. It is not reset at a gap: an encoder that
 * runs on predicts from what was before.
 */
export interface PacketDecoder {
  /** Returns the samples of each channel: full scale is -1.0 to 1.0. Rejects if the packet is malformed. */
  decode(packet: Uint8Array): Promise<Float32Array[]>;
  /** Ends a `decode` that waits. Can be called again. */
  close(): void;
}

/** Returns a decoder for the frames after `started`. */
export type DecoderFactory = (started: StreamStarted) => PacketDecoder;

/**
 * Returns what makes the decoders of a codec; null if its frames are not decoded. Rejects with a
 * LavalierError if there is no decoder.
 *
 * @param loadOpus returns that of Opus
 */
export async function decoderFactory(
  codec: Codec | undefined, loadOpus: () => Promise<DecoderFactory>,
): Promise<DecoderFactory | null> {
  if (codec === Codec.FLAC) return (started) => new FlacDecoder(started);
  return codec === Codec.OPUS ? loadOpus() : null;
}

/** Returns the error if there is no decoder of Opus here. */
export function noDecoder(expected: string): LavalierError {
  return failure(Status.UNIMPLEMENTED, `codec: OPUS (expected: ${expected}, or the option packets)`);
}

/** Puts the decoded samples into a frame, in place of the packet. Throws a LavalierError. */
export async function decodeFrame(decoder: PacketDecoder, started: StreamStarted, frame: AudioFrame): Promise<void> {
  try {
    frame.pcm = encodePcm(await decoder.decode(frame.packet), started);
    frame.packet = new Uint8Array();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw failure(Status.INTERNAL, `packet: ${reason.split('\n', 1)[0]} (expected: a packet of ${Codec[started.codec]})`);
  }
}

function encodePcm(channels: Float32Array[], { format, frameSize }: StreamStarted): Uint8Array<ArrayBuffer> {
  const { encoding, channelCount } = format as AudioFormat;
  if (channels.length !== channelCount || channels.some(({ length }) => length !== frameSize)) {
    throw new Error(`${channels[0]?.length ?? 0} samples of ${channels.length} channels`);
  }
  const width = encoding === SampleEncoding.S16LE ? 2 : 3; // codecs have no other encodings
  const scale = 2 ** (8 * width - 1);
  const pcm = new Uint8Array(frameSize * channelCount * width);
  let at = 0;
  for (let i = 0; i < frameSize; i++) {
    for (const samples of channels) {
      const value = Math.max(-scale, Math.min(scale - 1, Math.round(samples[i]! * scale)));
      for (let shift = 0; shift < 8 * width; shift += 8) pcm[at++] = value >> shift;
    }
  }
  return pcm;
}
