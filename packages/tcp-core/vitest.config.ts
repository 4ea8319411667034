import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { name: 'tcp-core', include: ['test/**/*.test.ts'], testTimeout: 30_000 },
});
