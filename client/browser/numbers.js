// A WAV file whose samples are their own numbers, and the check of a recording of it.
import fs from 'node:fs';

export const RATE = 48_000;
const HEADER_BYTES = 44;
const COUNT = 120 * RATE;

/** Writes a file of 120 s: the left channel has the low 16 bits of a sample's number, the right one the others. */
export function writeNumbers(file) {
  const bytes = Buffer.alloc(HEADER_BYTES + COUNT * 4);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(2, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE * 4, 28);
  bytes.writeUInt16LE(4, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(COUNT * 4, 40);
  for (let i = 0; i < COUNT; i++) bytes.writeInt32LE(i + 1, HEADER_BYTES + i * 4); // 0 is silence
  fs.writeFileSync(file, bytes);
}

/**
 * Compares a recording with the file. Returns the number of samples that are right and that are at a
 * wrong place, and the length of each silence.
 */
export function checkNumbers(file) {
  const bytes = fs.readFileSync(file);
  const first = bytes.readInt32LE(HEADER_BYTES);
  const result = { right: 0, wrong: 0, silences: [] };
  let silence = 0;
  for (let i = 0; HEADER_BYTES + i * 4 < bytes.length; i++) {
    const value = bytes.readInt32LE(HEADER_BYTES + i * 4);
    const expected = ((first - 1 + i) % COUNT) + 1;
    if (value === 0) {
      silence++;
      continue;
    }
    if (silence > 0) result.silences.push(silence);
    silence = 0;
    if (value === expected) result.right++;
    else result.wrong++;
  }
  return result;
}
