import { join } from 'node:path';
import js from '@eslint/js';
import { defineConfig, includeIgnoreFile } from 'eslint/config';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import tseslint from 'typescript-eslint';
import svelteConfig from './apps/web/svelte.config.js';

/** Tools that want a default export. */
const wantsDefault = ['**/*.config.{js,ts}'];

const noBarrels = [
  { selector: 'ExportAllDeclaration', message: 'Import a thing from where it is defined.' },
  {
    selector: 'ExportNamedDeclaration[source]',
    message: 'Import a thing from where it is defined.',
  },
];
const noDefault = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export it by its name.',
};

/** What depends on the kind of server is a question to its design, so that one more needs no new answer. */
const noServer = [
  {
    selector: 'Literal[value=/^server[0-9]$/]',
    message: 'Ask the design (trace/design.ts); an id is only compared with another id.',
  },
  {
    selector: 'TemplateElement[value.raw=/\\bserver[0-9]/]',
    message: 'Ask the design (trace/design.ts); an id is only compared with another id.',
  },
  {
    selector: 'Literal[value=/^(one-at-a-time|thread-per-client)$/]',
    message: 'The names of designs are for designs/ alone.',
  },
];

/**
 * The arrows between the parts (see ARCHITECTURE.md): what files in this folder may not import. Of two
 * that fit a file the later one counts.
 *
 * @param {string} folder a folder, or a file
 * @param {{ regex: string, message: string, allowTypeImports?: boolean }[]} patterns
 * @returns {import('eslint').Linter.Config}
 */
function arrows(folder, ...patterns) {
  return {
    files: [folder.endsWith('.ts') ? folder : `${folder}/**`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
  };
}

/** One table of system calls a platform: what stands above it asks this-platform.ts. */
const platformFile = {
  regex: '(^|/)(linux|macos|windows)\\.ts$',
  message: 'Ask calls/this-platform.ts: only there is known which platform this is.',
};
const callsPattern = {
  regex: '^(?!\\./|\\.\\./api\\.ts$|\\.\\./\\.\\./trace/events\\.ts$|node:|koffi$)',
  message:
    'The tables of system calls know the system, and the types of the API and the event log.',
};

const corePatterns = [
  platformFile,
  {
    regex: '^@sockscope/|/apps/|/packages/',
    message: 'tcp-core knows nothing of the lab, the gateway and the page.',
  },
];
const labPatterns = [
  {
    regex: '^@sockscope/(?!tcp-core/(?!client/))|/apps/|/packages/',
    message: 'The lab knows the exports of tcp-core but the client, nothing else.',
  },
];
const pagePatterns = [
  { regex: '^node:', message: 'The page runs in the browser.' },
  {
    regex: '^@sockscope/(?!tcp-core/(trace|designs)/)|/packages/',
    message: 'The page knows the browser-safe exports of tcp-core (trace, designs), nothing else.',
  },
];
const gatewayPatterns = [
  {
    regex: '^@sockscope/(?!tcp-core/|lab/)|/packages/|/web/|/cli/',
    message: 'The gateway knows the exports of tcp-core and of the lab.',
  },
];

/** A view may be asked anywhere, and gives the same answer to the same question. */
const viewPatterns = [
  ...pagePatterns,
  {
    regex: '/(components|state|log|browser)/|^svelte|^virtual:',
    message: 'A view is a pure function: no component, no state, no browser, no framework.',
  },
];
const stagePatterns = [
  {
    regex: '/timeline/|/panel/(?!client-rows\\.ts$)',
    message: 'The stage draws the rows of the panel, and knows nothing else of it.',
  },
];
const drawingPatterns = [{ regex: '/(state|log)/', message: 'A drawing is given what it draws.' }];

export default defineConfig(
  includeIgnoreFile(join(import.meta.dirname, '.gitignore')),
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  svelte.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: {
      globals: globals.node,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', ...noBarrels, noDefault],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // `import { type A }` would keep the import of the file, and with it a worker's program, alive.
      '@typescript-eslint/no-import-type-side-effects': 'error',
      // After a check that the compiler cannot follow; it says so more plainly than `as`.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // A number in a template is as clear as String(number).
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Two overloads may mean two things, each with its own words.
      '@typescript-eslint/unified-signatures': 'off',
      // The state is plain JSON: a record by number, not a Map.
      '@typescript-eslint/no-dynamic-delete': 'off',
      // process.env['X'] says that it is a name from outside.
      '@typescript-eslint/dot-notation': 'off',
    },
  },
  {
    files: ['packages/*/src/**', 'apps/*/src/**'],
    ignores: ['packages/tcp-core/src/designs/**', 'packages/tcp-core/src/servers/pages.ts'],
    rules: { 'no-restricted-syntax': ['error', ...noBarrels, noDefault, ...noServer] },
  },
  {
    files: wantsDefault,
    rules: { 'no-restricted-syntax': ['error', ...noBarrels] },
  },
  {
    files: ['**/*.mjs'],
    rules: {
      // These two do not see JSDoc's casts.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      globals: globals.browser,
      parserOptions: {
        parser: tseslint.parser,
        extraFileExtensions: ['.svelte'],
        svelteConfig,
      },
    },
  },

  arrows('packages/tcp-core/src', ...corePatterns),
  arrows('packages/tcp-core/src/trace', {
    regex: '^(?!\\./[^/]+$)',
    message: 'trace runs in the browser, too: it imports nothing from outside its folder.',
  }),
  arrows('packages/tcp-core/src/designs', {
    regex: '^(?!\\./[^/]+$|\\.\\./trace/)',
    message: 'Designs run in the browser, too: they know the trace and nothing else.',
  }),
  arrows(
    'packages/tcp-core/src/servers',
    {
      regex: '^(?!\\./|\\.\\./(sockets/api\\.ts$|conversation/|arithmetic/|trace/events\\.ts$))',
      message: 'A server knows the socket API, the conversation and arithmetic; nothing else.',
    },
    {
      regex: '/trace/',
      allowTypeImports: true,
      message: 'A server may know types of the event log, but reports nothing itself.',
    },
  ),
  arrows('packages/tcp-core/src/sockets', platformFile, {
    regex: '^(?!\\./|\\.\\./trace/events\\.ts$|node:)',
    message:
      'The socket layer knows its system calls and the types of the event log; nothing else.',
  }),
  arrows('packages/tcp-core/src/sockets/calls', platformFile, callsPattern),
  arrows('packages/tcp-core/src/sockets/calls/this-platform.ts', callsPattern),
  arrows('packages/tcp-core/src/conversation', {
    regex: '^(?!\\./|\\.\\./(sockets/api|trace/events)\\.ts$|node:buffer$)',
    message: 'The conversation knows the socket API; nothing else.',
  }),
  arrows('packages/tcp-core/src/arithmetic', {
    regex: '^(?!\\./|mathjs|decimal\\.js$)',
    message: 'Arithmetic knows of no socket and no server.',
  }),
  arrows('packages/tcp-core/src/client', {
    regex: '^(?!\\./|\\.\\./trace/|node:)',
    message: 'The client knows the servers by their sockets alone.',
  }),
  arrows('packages/lab/src', ...labPatterns),
  arrows('packages/lab/src/ours', ...labPatterns, {
    regex: '/(lab\\.ts$|watch/)',
    message:
      'A server of ours knows the event log that it reports to, not who hosts or watches it.',
  }),
  arrows('packages/lab/src/watch', ...labPatterns, {
    regex: '/(lab\\.ts$|ours/)|^@sockscope/tcp-core/servers/',
    message: 'Who watches knows the log and the system, not what it watches.',
  }),
  arrows('packages/test-kit/src', {
    regex: '^@sockscope/(?!tcp-core/trace/)|/packages/',
    message: 'What tests need knows the event log at most.',
  }),
  arrows('apps/cli/src', {
    regex: '^@sockscope/(?!tcp-core/(trace|designs|client)/|lab/|gateway/)|/packages/',
    message: 'The programs run the lab and the client; they know nothing of how a server is made.',
  }),
  arrows('apps/web/src', ...pagePatterns),
  arrows('apps/web/src/log', {
    regex: '^(?!\\./|\\.\\./browser/web-socket\\.ts$|@sockscope/tcp-core/trace/)',
    message: 'A log knows the trace and the socket that it comes over; nothing else.',
  }),
  arrows('apps/web/src/browser', {
    regex: '^(?!\\./)',
    message: 'What is asked of the browser knows nothing of the page.',
  }),
  arrows('apps/web/src/state', ...pagePatterns, {
    regex:
      '^\\.\\./(?!(log|browser)/|view/([^/]+|words/[^/]+|panel/client-rows\\.ts)$)|^(?!\\.|@|svelte$)',
    message: 'State may use what views say; where it is drawn, and by what, it does not know.',
  }),
  arrows('apps/web/src/view', ...viewPatterns, {
    regex: '^(?!\\./[^/]+$|@)',
    message: 'What several folders of the views need knows none of them.',
  }),
  arrows('apps/web/src/view/words', ...viewPatterns, {
    regex: '/(panel|stage|timeline)/',
    message: 'Words know of no place where they are said.',
  }),
  arrows('apps/web/src/view/panel', ...viewPatterns, {
    regex: '/(stage|timeline)/',
    message: 'The panel knows neither the stage nor the timeline.',
  }),
  arrows('apps/web/src/view/stage', ...viewPatterns, ...stagePatterns),
  ...['clients', 'kernel', 'process'].map((band) =>
    arrows(`apps/web/src/view/stage/${band}`, ...viewPatterns, ...stagePatterns, {
      regex: '/(clients|kernel|process)/' + (band === 'process' ? '' : '|/layout\\.ts$'),
      message: 'A band knows no other band; the layout puts clients and kernel beside each other.',
    }),
  ),
  arrows('apps/web/src/view/timeline', ...viewPatterns, {
    regex: '/(panel|stage)/',
    message: 'The timeline knows neither the panel nor the stage.',
  }),
  arrows('apps/web/src/components/panel', ...pagePatterns, {
    regex: '/(stage|timeline)/',
    message: 'The panel knows neither the stage nor the timeline.',
  }),
  arrows('apps/web/src/components/timeline', ...pagePatterns, ...drawingPatterns, {
    regex: '/(panel|stage)/',
    message: 'The timeline knows neither the panel nor the stage.',
  }),
  ...['clients', 'kernel', 'process'].map((band) =>
    arrows(`apps/web/src/components/stage/${band}`, ...pagePatterns, ...drawingPatterns, {
      regex: `/(?!${band}/)(clients|kernel|process)/|/(panel|timeline)/`,
      message: 'A band of the stage knows no other part of the page.',
    }),
  ),
  arrows('apps/gateway/src', ...gatewayPatterns),
  arrows('apps/gateway/src/door', ...gatewayPatterns, {
    regex: '^\\.\\./(?!(errors|gateway)\\.ts$)|^@sockscope/(?!tcp-core/trace/)',
    message: 'The door knows nothing of what is behind it.',
  }),
  arrows('apps/gateway/src/bridge', ...gatewayPatterns, {
    regex: '^\\.\\./(?!((errors|gateway)\\.ts$|schemas/))',
    message: 'The bridge knows what it says on the wire; no door, no other route.',
  }),
  arrows('apps/gateway/src/routes', ...gatewayPatterns, {
    regex: '^\\.\\./(?!((errors|gateway|line)\\.ts$|schemas/|door/))',
    message: 'A route knows the door that it stands behind; no bridge, no process.',
  }),
  arrows('apps/gateway/src/schemas', {
    regex: '^(?!\\./|@sockscope/tcp-core/trace/|typebox|fastify$)',
    message: 'Schemas know the shapes of the event log; nothing of who sends them.',
  }),
);
