import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte(), svelteTesting({ autoCleanup: false })],
  // Only the components need a document; their test asks for jsdom itself.
  test: { name: 'web', environment: 'node', include: ['test/**/*.test.ts'] },
});
