import { defineConfig } from 'rolldown';

/**
 * One flat folder: the process, and beside it the file that its worker threads run, which the lab's
 * host finds by `new URL('./thread.js', import.meta.url)`.
 */
export default defineConfig({
  input: {
    main: 'src/main.ts',
    thread: '../../packages/lab/src/ours/thread.ts',
  },
  platform: 'node',
  // koffi finds their native binaries beside its own files.
  external: ['bufferutil', 'koffi'],
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    cleanDir: true,
    minify: false,
  },
});
