// The token.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { awaitReceiving, openPage } from './browser.js';
import { Server, serverCommand } from './server.js';

test('pageAsksForATokenAndKeepsItForTheTab', async (t) => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lavalier-browser-'));
  t.after(() => fs.rmSync(directory, { recursive: true }));
  const tokens = path.join(directory, 'tokens');
  const token = await serverCommand('token', 'add', 'ann', '--stream', 'tone', '--token-file', tokens);
  const server = await Server.start('--token-file', tokens);
  t.after(() => server.stop());
  const page = await openPage(t, server, { path: '#device=tone' });

  await page.waitForFunction(() => !document.getElementById('access').hidden);
  assert.equal(await page.locator('#access-text').textContent(), 'The server requires a token.');
  await page.locator('#token').fill('wrong');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.getElementById('access-text').textContent.startsWith('The server does not accept this token'));

  await page.locator('#token').fill(token);
  await page.keyboard.press('Enter');
  await awaitReceiving(page);
  assert.ok(await page.locator('#access').isHidden());

  await page.reload();
  await awaitReceiving(page);
  assert.deepEqual(await page.evaluate(() => [localStorage.length, document.cookie, location.href.includes(sessionStorage.getItem('lavalier.token'))]), [0, '', false]);
  for (const url of page.requests) assert.ok(!url.includes(token));
});
