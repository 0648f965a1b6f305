// Writes WAV files. It needs no packages.
import fs from 'node:fs';

export const BYTES_PER_VALUE = {
  SAMPLE_ENCODING_S16LE: 2, SAMPLE_ENCODING_S24LE: 3, SAMPLE_ENCODING_S32LE: 4, SAMPLE_ENCODING_F32LE: 4,
};
const SIZE_IN_DS64 = 0xFFFFFFFF;

/**
 * Returns the header of a WAV file with dataBytes bytes of audio. Beyond 4 GiB it is that of an RF64 file: the chunk
 * JUNK reserves the space for the 64-bit sizes (EBU Tech 3306).
 */
export function wavHeader({ encoding, sampleRateHz, channelCount }, dataBytes) {
  const bytesPerSample = BYTES_PER_VALUE[encoding] * channelCount;
  const isFloat = encoding === 'SAMPLE_ENCODING_F32LE';
  const fmtBytes = isFloat ? 18 : 16; // a float has the size of an extension, 0, which readers require
  const header = Buffer.alloc(12 + 36 + 8 + fmtBytes + 8);
  const riffBytes = header.length - 8 + dataBytes + dataBytes % 2;
  const large = riffBytes >= SIZE_IN_DS64;
  header.write(large ? 'RF64' : 'RIFF', 0);
  header.writeUInt32LE(large ? SIZE_IN_DS64 : riffBytes, 4);
  header.write('WAVE', 8);
  header.write(large ? 'ds64' : 'JUNK', 12);
  header.writeUInt32LE(28, 16);
  if (large) {
    header.writeBigUInt64LE(BigInt(riffBytes), 20);
    header.writeBigUInt64LE(BigInt(dataBytes), 28);
    header.writeBigUInt64LE(BigInt(Math.floor(dataBytes / bytesPerSample)), 36);
  }
  header.write('fmt ', 48);
  header.writeUInt32LE(fmtBytes, 52);
  header.writeUInt16LE(isFloat ? 3 : 1, 56);
  header.writeUInt16LE(channelCount, 58);
  header.writeUInt32LE(sampleRateHz, 60);
  header.writeUInt32LE(sampleRateHz * bytesPerSample, 64);
  header.writeUInt16LE(bytesPerSample, 68);
  header.writeUInt16LE(BYTES_PER_VALUE[encoding] * 8, 70);
  header.write('data', header.length - 8);
  header.writeUInt32LE(large ? SIZE_IN_DS64 : dataBytes, header.length - 4);
  return header;
}

/**
 * A WAV file that is written. The header is updated every second of audio, so that the recording of a killed process
 * is complete except for the last second.
 */
export class WavFile {
  constructor(path, format) {
    this.format = format;
    this.bytesPerSample = BYTES_PER_VALUE[format.encoding] * format.channelCount;
    this.dataBytes = 0;
    this.nextHeaderAt = 0;
    this.file = fs.openSync(path, 'w');
    fs.writeSync(this.file, wavHeader(format, 0));
  }

  write(pcm) {
    for (let at = 0; at < pcm.length;) {
      const count = fs.writeSync(this.file, pcm, at);
      at += count;
      this.dataBytes += count;
    }
    if (this.dataBytes >= this.nextHeaderAt) {
      this.#writeHeader();
      this.nextHeaderAt = this.dataBytes + this.format.sampleRateHz * this.bytesPerSample;
    }
  }

  writeSilence(samples) {
    for (let rest = samples; rest > 0; rest -= this.format.sampleRateHz) {
      this.write(Buffer.alloc(Math.min(rest, this.format.sampleRateHz) * this.bytesPerSample));
    }
  }

  close() {
    this.#writeHeader();
    if (this.dataBytes % 2 === 1) fs.writeSync(this.file, Buffer.alloc(1)); // chunks are padded to even lengths
    fs.closeSync(this.file);
  }

  #writeHeader() {
    fs.writeSync(this.file, wavHeader(this.format, this.dataBytes), 0, null, 0); // at the start of the file
  }
}
