import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'gateway',
    include: ['test/**/*.test.ts'],
    // Real sockets and threads on few cores: slow is not wrong.
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
