// What the page plays, by its own samples.
import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { peak, Spectrum } from '../../server/src/main/resources/dev/lavalier/web/page/fft.js';
import { awaitReceiving, counts, interruptions, listen, openPage, played } from './browser.js';
import { Server } from './server.js';

const RATE = 48_000;
const SIZE = 16_384;
const SECONDS = 20;
const OMEGA = (2 * Math.PI * 440) / RATE;
// One dropped or repeated sample at a crest is 0.0008. A jump of 1 ms or more is larger than 0.01.
const DISCONTINUITY = 0.005;

let server;
test.before(async () => { server = await Server.start(); });
test.after(() => server.stop());

/** Returns the number of places at which a sine of 440 Hz does not continue. */
function discontinuities(samples) {
  let number = 0;
  let last = -RATE;
  for (let i = 2; i < samples.length; i++) {
    const rest = samples[i] - 2 * Math.cos(OMEGA) * samples[i - 1] + samples[i - 2];
    if (Math.abs(rest) <= DISCONTINUITY) continue;
    if (i - last > RATE / 10) number++; // an interruption has two ends
    last = i;
  }
  return number;
}

test('toneIsHeardWithItsFrequencyAndLevelAndEachInterruptionIsReported', async (t) => {
  const page = await openPage(t, server, { path: '#device=tone', bypassCSP: true });
  await awaitReceiving(page);
  await listen(page);
  await delay((SECONDS + 2) * 1_000);
  const reported = await interruptions(page) + (await counts(page)).missing;
  const samples = (await played(page, 'samples')).slice(RATE, (SECONDS + 1) * RATE);
  assert.ok(samples.length > 0);
  const spectrum = new Spectrum(SIZE);
  const { hz, decibels } = peak(spectrum.decibels(1, (to) => to.set(samples.slice(0, SIZE))), RATE / SIZE);
  assert.ok(Math.abs(hz - 440) < 0.5, `${hz} Hz`);
  assert.ok(Math.abs(decibels - -12) < 0.5, `${decibels} dBFS`);
  const heard = discontinuities(samples);
  console.log(`# ${samples.length} samples, ${heard} discontinuities, ${reported} interruptions and missing samples reported`);
  assert.ok(heard === 0 || reported > 0, `${heard} discontinuities, none reported`);
});
