import { defineConfig } from 'rolldown';

/** The command, and beside it the program of its servers' threads, which must be one file that nothing else imports. */
export default defineConfig(
  Object.entries({ main: 'src/main.ts', thread: '../../packages/lab/src/ours/thread.ts' }).map(
    ([name, file]) => ({
      input: { [name]: file },
      platform: 'node' as const,
      // They find their native binaries beside their own files.
      external: ['bufferutil', 'koffi'],
      output: {
        dir: 'dist',
        entryFileNames: '[name].js',
        chunkFileNames: '[name].js',
        cleanDir: false,
      },
    }),
  ),
);
