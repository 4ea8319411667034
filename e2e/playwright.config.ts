import { defineConfig } from '@playwright/test';

/** `npm test` sets CHROMIUM_PATH to a browser that it found; without it Playwright's own is used. */
const executablePath = process.env['CHROMIUM_PATH'];

export default defineConfig({
  testMatch: '*.spec.ts',
  // Only for `npm run screenshot`, and only for `npm run bench`.
  testIgnore: [
    process.env['SOCKSCOPE_SCREENSHOT'] ? '' : 'screenshot.spec.ts',
    ...(process.env['SOCKSCOPE_BENCH'] ? [] : ['frames.spec.ts', 'hidden.spec.ts']),
  ].filter((file) => file !== ''),
  outputDir: './test-results',
  // Each test starts a gateway of its own on free ports.
  fullyParallel: true,
  workers: process.env['SOCKSCOPE_BENCH'] ? 1 : 2,
  retries: 0,
  // On a machine that is busy otherwise: slow is not wrong.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  forbidOnly: Boolean(process.env['CI']),
  reporter: [['list'], ['json', { outputFile: '../test-results/playwright.json' }]],
  use: {
    headless: true,
    viewport: { width: 1280, height: 720 },
    trace: process.env['SOCKSCOPE_BENCH'] ? 'off' : 'retain-on-failure',
    launchOptions: executablePath ? { executablePath } : {},
  },
});
