import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Most tests wait for sockets: three at a time fit on two processors.
    maxWorkers: 3,
    projects: [
      'packages/*',
      'apps/*',
      // The first command that these run may have to build.
      { test: { name: 'repository', include: ['test/**/*.test.ts'], testTimeout: 60_000 } },
    ],
  },
});
