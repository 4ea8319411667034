import { defineConfig } from 'rolldown';

/** The program of a server thread: one file that nothing else imports. */
export default defineConfig({
  input: { thread: 'src/ours/thread.ts' },
  platform: 'node',
  external: ['koffi'],
  output: { dir: 'dist', entryFileNames: '[name].js', cleanDir: true },
});
