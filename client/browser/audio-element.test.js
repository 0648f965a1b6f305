// A device as the source of an audio element.
import assert from 'node:assert/strict';
import test from 'node:test';
import { openPage } from './browser.js';
import { Server } from './server.js';

let server;
test.before(async () => { server = await Server.start(); });
test.after(() => server.stop());

test('audioElementPlaysTheTone', async (t) => {
  const page = await openPage(t, server);
  await page.evaluate(() => {
    document.body.onclick = async () => {
      const element = new Audio('/devices/tone.wav');
      const context = new AudioContext({ sampleRate: 48_000 });
      window.analyser = new AnalyserNode(context, { fftSize: 32_768, smoothingTimeConstant: 0 });
      context.createMediaElementSource(element).connect(window.analyser).connect(context.destination);
      window.element = element;
      await context.resume();
      await element.play();
    };
  });
  await page.locator('header').click(); // browsers play only after a click
  await page.waitForFunction(() => window.element?.currentTime > 2, null, { timeout: 60_000 });
  const first = await page.evaluate(() => window.element.currentTime);
  await page.waitForFunction((time) => window.element.currentTime > time + 1, first, { timeout: 60_000 });
  // An interruption widens the spectrum, so this waits for a second without one.
  await page.waitForFunction(() => {
    const { analyser } = window;
    const decibels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(decibels);
    const highest = decibels.indexOf(Math.max(...decibels));
    const hz = (highest * analyser.context.sampleRate) / analyser.fftSize;
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    const peak = 20 * Math.log10(Math.max(...samples.map(Math.abs)));
    return Math.abs(hz - 440) < 3 && Math.abs(peak - -12) < 0.5;
  }, null, { timeout: 60_000 });
  assert.equal(await page.evaluate(() => window.element.error), null);
  assert.deepEqual(page.problems, []);
});
