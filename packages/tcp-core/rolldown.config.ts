import { defineConfig } from 'rolldown';

/**
 * Two bundles: the program of a server thread, which must be one file that nothing else imports,
 * and the five command-line programs.
 */
export default defineConfig(
  Object.entries({ thread: 'src/host/thread.ts', program: 'src/cli/program.ts' }).map(
    ([name, file]) => ({
      input: { [name]: file },
      platform: 'node' as const,
      external: ['koffi'],
      output: { dir: 'dist', entryFileNames: '[name].js', cleanDir: false },
    }),
  ),
);
