import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';
import { serverSources } from './server-sources.ts';

export default defineConfig({
  plugins: [svelte(), serverSources(), svelteTesting({ autoCleanup: false })],
  // Only the components need a document; their test asks for jsdom itself.
  test: {
    name: 'web',
    environment: 'node',
    include: ['test/**/*.test.ts'],
    // Each file puts back what it stubs, so they share what they import: a third of the processor time.
    isolate: false,
    // On a machine that is busy otherwise: slow is not wrong.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 10_000 } },
  },
});
