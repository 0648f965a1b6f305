import type { PacketDecoder } from './decoders.js';
import { SampleEncoding, type StreamStarted } from './gen/lavalier/v1/audio_capture_pb.js';

const SYNC_CODE_FIXED_BLOCKS = 0xfff8;
const LEFT_AND_SIDE = 8;
const SIDE_AND_RIGHT = 9;
const MID_AND_SIDE = 10;
const FIXED_PREDICTORS = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]];
const WIDTHS = [0, 8, 12, 0, 16, 20, 24, 32];
// The checksum of each byte.
const CRCS = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x8005 : crc << 1;
  return crc;
});

/** Reads the bits before the last two bytes, which are a checksum. Beyond them it throws. */
class Bits {
  readonly #bytes: Uint8Array;
  readonly #end: number; // in bits
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#end = 8 * (bytes.length - 2);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end;
  }

  /** Returns at least the next 25 bits, in the upper bits of a number. */
  #next(): number {
    const bytes = this.#bytes;
    const at = this.#at >>> 3;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) << (this.#at & 7);
  }

  #skip(count: number): void {
    this.#at += count;
    if (this.#at > this.#end) throw new Error('too short');
  }

  /** Reads an unsigned number of at most 32 bits. */
  read(count: number): number {
    if (count === 0) return 0;
    if (count > 25) {
      const upper = this.read(count - 16);
      return upper * 2 ** 16 + this.read(16);
    }
    const value = this.#next() >>> (32 - count);
    this.#skip(count);
    return value;
  }

  readSigned(count: number): number {
    const value = this.read(count);
    return count > 0 && value >= 2 ** (count - 1) ? value - 2 ** count : value;
  }

  /** Reads zeros and the one after them. Returns the number of zeros. */
  readUnary(): number {
    let zeros = 0;
    for (;;) {
      const more = Math.min(24, Math.clz32(this.#next()));
      this.#skip(more < 24 ? more + 1 : more);
      zeros += more;
      if (more < 24) return zeros;
    }
  }

  align(): void {
    this.#at = (this.#at + 7) & ~7;
  }
}

/** Decodes packets of FLAC (RFC 9639): each is one frame of the stream's block size. */
export class FlacDecoder implements PacketDecoder {
  readonly #frameSize: number;
  readonly #width: number; // bits in a sample
  readonly #channels: Float64Array[]; // integers

  constructor({ format, frameSize }: StreamStarted) {
    this.#frameSize = frameSize;
    this.#width = format!.encoding === SampleEncoding.S16LE ? 16 : 24;
    this.#channels = Array.from({ length: format!.channelCount }, () => new Float64Array(frameSize));
  }

  async decode(packet: Uint8Array): Promise<Float32Array[]> {
    check(crc16(packet) === 0, 'wrong checksum'); // it includes the checksum at the end
    const bits = new Bits(packet);
    const assignment = this.#readHeader(bits);
    this.#channels.forEach((samples, k) => {
      const isSide = assignment === SIDE_AND_RIGHT ? k === 0 : assignment >= LEFT_AND_SIDE && k === 1;
      this.#readSubframe(bits, samples, this.#width + (isSide ? 1 : 0));
    });
    bits.align();
    check(bits.isAtEnd, 'too long');
    this.#restoreChannels(assignment);
    const scale = 2 ** (1 - this.#width); // exact
    return this.#channels.map((samples) => {
      const floats = new Float32Array(samples.length);
      for (let i = 0; i < samples.length; i++) floats[i] = samples[i]! * scale;
      return floats;
    });
  }

  close(): void {}

  /** Returns the channel assignment. */
  #readHeader(bits: Bits): number {
    check(bits.read(16) === SYNC_CODE_FIXED_BLOCKS, 'no frame');
    const blockSizeCode = bits.read(4);
    const rateCode = bits.read(4);
    const assignment = bits.read(4);
    const width = WIDTHS[bits.read(3)]!;
    bits.read(1);
    const first = bits.read(8); // of the frame number
    for (let more = Math.clz32(~(first << 24)); more > 1; more--) bits.read(8);
    check(blockSize(blockSizeCode, bits) === this.#frameSize, 'another block size');
    bits.read(rateCode === 12 ? 8 : rateCode === 13 || rateCode === 14 ? 16 : 0);
    bits.read(8); // the checksum of the header
    const count = assignment < LEFT_AND_SIDE ? assignment + 1 : 2;
    check(count === this.#channels.length && assignment <= MID_AND_SIDE, 'other channels');
    check(width === 0 || width === this.#width, 'another width');
    return assignment;
  }

  #readSubframe(bits: Bits, samples: Float64Array, sampleWidth: number): void {
    check(bits.read(1) === 0, 'no subframe');
    const type = bits.read(6);
    const wasted = bits.read(1) === 0 ? 0 : bits.readUnary() + 1;
    const width = sampleWidth - wasted;
    check(width > 0, 'no bits');
    if (type === 0) {
      samples.fill(bits.readSigned(width));
    } else if (type === 1) {
      for (let i = 0; i < samples.length; i++) samples[i] = bits.readSigned(width);
    } else if (type >= 8 && type <= 12) {
      readPredicted(bits, samples, width, type - 8, false);
    } else {
      check(type >= 32, 'unknown subframe');
      readPredicted(bits, samples, width, type - 31, true);
    }
    for (let i = 0; wasted > 0 && i < samples.length; i++) samples[i]! *= 2 ** wasted;
  }

  #restoreChannels(assignment: number): void {
    if (assignment < LEFT_AND_SIDE) return;
    const [one, two] = this.#channels as [Float64Array, Float64Array];
    for (let i = 0; i < one.length; i++) {
      const first = one[i]!;
      const second = two[i]!;
      if (assignment === LEFT_AND_SIDE) {
        two[i] = first - second;
      } else if (assignment === SIDE_AND_RIGHT) {
        one[i] = first + second;
      } else {
        const sum = 2 * first + (second & 1);
        one[i] = (sum + second) / 2;
        two[i] = (sum - second) / 2;
      }
    }
  }
}

function blockSize(code: number, bits: Bits): number {
  if (code === 0) return 0;
  if (code === 1) return 192;
  if (code <= 5) return 144 << code;
  if (code <= 7) return bits.read(code === 6 ? 8 : 16) + 1;
  return 1 << code;
}

/** Reads the first samples and the residuals of a predictor. `order`: on how many samples each depends. */
function readPredicted(bits: Bits, samples: Float64Array, width: number, order: number, isLinear: boolean): void {
  check(order <= samples.length, 'too few samples');
  for (let i = 0; i < order; i++) samples[i] = bits.readSigned(width);
  let coefficients = FIXED_PREDICTORS[order]!;
  let scale = 1;
  if (isLinear) {
    const precision = bits.read(4) + 1;
    const shift = bits.readSigned(5);
    check(shift >= 0, 'negative shift');
    scale = 2 ** -shift;
    coefficients = Array.from({ length: order }, () => bits.readSigned(precision));
  }
  readResiduals(bits, samples, order);
  for (let i = order; i < samples.length; i++) {
    let sum = 0;
    for (let k = 0; k < order; k++) sum += coefficients[k]! * samples[i - 1 - k]!;
    samples[i]! += Math.floor(sum * scale);
  }
}

function readResiduals(bits: Bits, samples: Float64Array, order: number): void {
  const method = bits.read(2);
  check(method <= 1, 'unknown coding');
  const parameterWidth = 4 + method;
  const partitions = 2 ** bits.read(4);
  const size = samples.length / partitions;
  check(Number.isInteger(size) && size >= order, 'partitions');
  for (let partition = 0; partition < partitions; partition++) {
    const parameter = bits.read(parameterWidth);
    const factor = 2 ** parameter;
    const rawWidth = parameter === 2 ** parameterWidth - 1 ? bits.read(5) : null;
    for (let i = Math.max(order, partition * size); i < (partition + 1) * size; i++) {
      if (rawWidth !== null) {
        samples[i] = bits.readSigned(rawWidth);
      } else {
        const folded = bits.readUnary() * factor + bits.read(parameter);
        samples[i] = folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
      }
    }
  }
}

function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (let i = 0; i < bytes.length; i++) crc = ((crc << 8) & 0xffff) ^ CRCS[(crc >>> 8) ^ bytes[i]!]!;
  return crc;
}

function check(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
