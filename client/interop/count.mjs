// Counts the messages of a stream for both JavaScript clients: see README.md.
import fs from 'node:fs';

// Reads `messages`, an async iterable, for `seconds` of audio, and prints the result.
export async function count(client, messages, wav, seconds, pauseSeconds) {
  const played = fs.readFileSync(wav).subarray(44);
  const loop = Buffer.concat([played, played]);
  const result = {
    client, first: -1, next: 0, received: 0, missing: 0, missing_before_pause: 0, misplaced: 0, wrong: 0,
  };
  let samples;
  let sampleBytes;
  let paused = false;
  for await (const { started, frame } of messages) {
    if (started) {
      samples = seconds * started.format.sampleRateHz;
      sampleBytes = 4 * started.format.channelCount;
    }
    if (!frame) continue;
    const index = Number(frame.sampleIndex);
    const at = (index * sampleBytes) % played.length;
    if (!loop.subarray(at, at + frame.pcm.length).equals(frame.pcm)) result.wrong++;
    if (result.first < 0) {
      result.first = index;
    } else {
      const gap = Number(frame.gap?.sampleCount ?? 0);
      if (index !== result.next + gap) result.misplaced++;
      result.missing += gap;
      if (!paused) result.missing_before_pause += gap;
    }
    const size = frame.pcm.length / sampleBytes;
    result.received += size;
    result.next = index + size;
    if (result.next - result.first >= samples) {
      console.log(JSON.stringify(result));
      return;
    }
    if (!paused && result.next - result.first >= samples / 2) {
      paused = true;
      await new Promise((resolve) => { setTimeout(resolve, pauseSeconds * 1000); });
    }
  }
  throw new Error('the server ended the stream');
}
