import { SampleEncoding, type AudioFormat, type AudioFrame } from './gen/lavalier/v1/audio_capture_pb.js';

type Reader = (view: DataView, at: number) => number;

const ENCODINGS = new Map<SampleEncoding, { bytes: number; read: Reader }>([
  [SampleEncoding.S16LE, { bytes: 2, read: (view, at) => view.getInt16(at, true) / 2 ** 15 }],
  [SampleEncoding.S24LE, {
    bytes: 3, read: (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23,
  }],
  [SampleEncoding.S32LE, { bytes: 4, read: (view, at) => view.getInt32(at, true) / 2 ** 31 }],
  [SampleEncoding.F32LE, { bytes: 4, read: (view, at) => view.getFloat32(at, true) }],
]);

/**
 * Returns the samples of a PCM frame, interleaved: full scale is -1.0 to 1.0.
 *
 * @param format `started.format` of the stream
 */
export function toFloat32(frame: AudioFrame, format: AudioFormat): Float32Array {
  const encoding = ENCODINGS.get(format.encoding);
  if (!encoding) throw new RangeError(`encoding: ${format.encoding} (expected: a known SampleEncoding)`);
  const { bytes, read } = encoding;
  const { pcm } = frame;
  const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  return Float32Array.from({ length: pcm.byteLength / bytes }, (_, i) => read(view, i * bytes));
}
