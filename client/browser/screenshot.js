// Writes a picture of the page: node screenshot.js FILE.png [light, dark or phone]
import { setTimeout as delay } from 'node:timers/promises';
import { awaitReceiving, openPage, stopTab } from './browser.js';
import { Server } from './server.js';

const [file, look = 'dark', device = '', ...serverOptions] = process.argv.slice(2);
const LOOKS = {
  light: { colorScheme: 'light', viewport: { width: 1_180, height: 960 } },
  dark: { colorScheme: 'dark', viewport: { width: 1_180, height: 960 } },
  phone: { colorScheme: 'dark', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
};

const cleanups = [];
const t = { after: (task) => cleanups.unshift(task) };
try {
  const server = await Server.start(...serverOptions);
  t.after(() => server.stop());
  const page = await openPage(t, server, { ...LOOKS[look], path: device && `#device=${device}` });
  await awaitReceiving(page);
  await page.locator('#listen').click();
  await delay(13_000);
  await stopTab(page, 800); // a gap to show
  await delay(5_000);
  await page.screenshot({ path: file, fullPage: look === 'phone' });
  console.log(page.problems);
} finally {
  for (const cleanup of cleanups) await cleanup();
}
