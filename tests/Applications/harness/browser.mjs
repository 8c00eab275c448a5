// Headless Chromium of Debian, driven by playwright-core.
import {createRequire} from 'node:module';
import path from 'node:path';
import {SLOWNESS} from './processes.mjs';

/** @param {string} modules the folder that holds node_modules */
export async function startBrowser(modules) {
  const {chromium} = createRequire(path.join(modules, 'package.json'))('playwright-core');
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
      '--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable'],
  });
}

/** A user's browser: cookies of its own; downloads are kept, dialogs accepted. */
export async function newVisitor(browser, url) {
  const context = await browser.newContext({acceptDownloads: true, baseURL: url, locale: 'en-US'});
  context.setDefaultTimeout(60_000 * SLOWNESS);
  context.setDefaultNavigationTimeout(90_000 * SLOWNESS);
  const page = await context.newPage();
  page.on('dialog', dialog => dialog.accept().catch(() => {}));
  return {context, page};
}
