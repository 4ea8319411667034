import { defineConfig } from 'rolldown';

/** The program of a server thread: one file that nothing else imports. */
export default defineConfig({
  input: { thread: 'src/ours/thread.ts' },
  platform: 'node',
  external: ['koffi'],
  // What is audited or measured lies below it, and may be running.
  output: { dir: 'dist', entryFileNames: '[name].js', cleanDir: false },
});
