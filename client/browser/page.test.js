// What the page shows.
import assert from 'node:assert/strict';
import test from 'node:test';
import { awaitReceiving, counts, openPage } from './browser.js';
import { Server } from './server.js';

const TONE = '#device=tone'; // the machine can have a microphone

let server;
test.before(async () => { server = await Server.start(); });
test.after(() => server.stop());

test('pageShowsTheToneBeforeTheFirstClick', async (t) => {
  const page = await openPage(t, server, { path: TONE });
  await awaitReceiving(page);
  assert.match(await page.locator('#devices').textContent(), /tone/);
  await page.waitForFunction(() => /^Strongest: 4(39\.[5-9]|40\.[0-5]) Hz, \u22121[12]\.\d dBFS/.test(document.getElementById('peak').textContent));
  await page.waitForFunction(() => document.querySelectorAll('#meters .bar').length === 2);
  await page.waitForFunction(() => /^\u221212\.0 peak \u221212\.0 RMS/.test(document.querySelector('.numbers').textContent));
  assert.match(await page.locator('#latency').textContent(), /ms from the device to this page/);
  assert.equal(await page.locator('#playback').textContent(), 'off');
  await page.waitForFunction(() => Number(document.getElementById('received').dataset.sampleCount) > 48_000 * 3);

  // The strongest row of the newest columns is that of 440 Hz.
  const height = await page.evaluate(() => {
    const canvas = document.getElementById('spectrogram');
    const context = canvas.getContext('2d');
    const background = context.getImageData(canvas.width - 10, 0, 1, 1).data;
    const column = context.getImageData(canvas.width - 10, 0, 1, canvas.height).data;
    let best = 0;
    let most = -1;
    for (let y = 0; y < canvas.height; y++) {
      const distance = [0, 1, 2].reduce((sum, i) => sum + Math.abs(column[y * 4 + i] - background[i]), 0);
      if (distance > most) [most, best] = [distance, y];
    }
    return 1 - best / canvas.height;
  });
  const hz = 50 * (24_000 / 50) ** height;
  assert.ok(hz > 400 && hz < 480, `${hz} Hz`);

  for (const url of page.requests) assert.ok(url.startsWith(server.url) || url.startsWith(server.url.replace('http', 'ws')), url);
  assert.deepEqual(page.problems, []);
});

test('listShowsWhoListens', async (t) => {
  const page = await openPage(t, server, { path: TONE });
  await awaitReceiving(page);
  await page.waitForFunction(() => document.getElementById('devices').textContent.includes('1 stream'));
  await page.locator('text=Levels of all devices').click(); // of the tone, there is one already
  const second = await page.context().newPage();
  await second.goto(server.url + TONE);
  await awaitReceiving(second);
  await page.waitForFunction(() => document.getElementById('devices').textContent.includes('2 streams'));
  await second.close();
  await page.waitForFunction(() => document.getElementById('devices').textContent.includes('1 stream'));
});

test('pageNeedsOnlyTheKeyboard', async (t) => {
  const page = await openPage(t, server, { path: TONE });
  await awaitReceiving(page);
  await page.locator('#listen').focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.getElementById('listen').getAttribute('aria-pressed') === 'true');
  await page.waitForFunction(() => document.getElementById('latency').textContent.includes('loudspeaker'));
  await page.keyboard.press('Space');
  await page.waitForFunction(() => document.getElementById('playback').textContent === 'off');
  assert.deepEqual(page.problems, []);
});

test('pageFitsAPhone', async (t) => {
  const page = await openPage(t, server, { path: TONE, viewport: { width: 360, height: 640 } });
  await awaitReceiving(page);
  await page.locator('#snippets summary').click();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 360);
});

test('pageContinuesAfterARestartOfTheServer', async (t) => {
  const own = await Server.start();
  t.after(() => own.stop());
  const page = await openPage(t, own, { path: TONE });
  await awaitReceiving(page);
  const before = await counts(page);
  await own.stop('SIGKILL');
  await page.waitForFunction(() => document.getElementById('status').textContent.includes('connects again'));
  await own.restart();
  await awaitReceiving(page);
  await page.waitForFunction(() => document.querySelector('#events .gap'));
  assert.match(await page.locator('#events .gap').first().textContent(), /about .* samples missing .*: this page had no connection/);
  const after = await counts(page);
  assert.ok(after.missing > 0 && after.received > before.received);
  await page.waitForFunction(() => document.getElementById('connection').textContent === 'connected');
});
