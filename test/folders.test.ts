/** Where a checkout may be: folders with awkward names, and disks without room. */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
  openSync,
  closeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { afterEach, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const notSources = new Set(['node_modules', 'dist', '.git', '.cache', 'test-results']);

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
}, 60_000);

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'checkout-'));
  endings.push(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

function copySources(to: string, wanted: (path: string) => boolean = () => true): void {
  cpSync(root, to, {
    recursive: true,
    filter: (path) =>
      !notSources.has(basename(path)) && (path === root || wanted(relative(root, path))),
  });
}

interface Run {
  child: ChildProcess;
  output: () => string;
  ended: Promise<number | null>;
}

function start(folder: string): Run {
  const args = ['scripts/command.mjs', 'start', '--port', '0', '--tcp-ports', '0,0,0,0'];
  const child = spawn(process.execPath, args, { cwd: folder });
  let output = '';
  child.stdout.on('data', (data) => (output += String(data)));
  child.stderr.on('data', (data) => (output += String(data)));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  endings.push(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  return { child, output: () => output, ended };
}

it('builds and starts in a folder with any name', { timeout: 300_000 }, async () => {
  const folder = join(newFolder(), `a#b?c %41 "d" 'e' &é`);
  copySources(folder);
  const { output, ended } = start(folder);
  await Promise.race([
    expect.poll(output, { timeout: 280_000 }).toContain('Sockscope is ready'),
    ended.then((code) => {
      throw new Error(`ended with ${String(code)}: ${output()}`);
    }),
  ]);
  const page = /page on (\S+)/.exec(output())?.[1] ?? '';
  const html = await (await fetch(page)).text();
  const assets = [...html.matchAll(/(?:src|href)="\/?(assets\/[^"]+)"/g)];
  expect(assets.length).toBeGreaterThan(0);
  for (const [, asset = ''] of assets) expect((await fetch(page + asset)).status).toBe(200);
  expect(existsSync(join(folder, 'apps/web/dist/index.html'))).toBe(true);
});

const canMount = process.platform === 'linux' && process.getuid?.() === 0;

it.runIf(canMount)(
  'says that the disk is full, and leaves no lock',
  { timeout: 60_000 },
  async () => {
    const folder = newFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]);
    // What the installation had started may be just ending there.
    endings.push(() => execFileSync('umount', ['--lazy', folder]));
    copySources(folder, (path) =>
      /^(scripts|apps|packages|e2e)(\/[\w.-]+)?$|^scripts\/|\/package.json$|^[\w.-]+\.(json|yaml)$/.test(
        path,
      ),
    );
    mkdirSync(join(folder, '.cache'));
    const filler = join(folder, 'filler');
    fill(filler);
    const full = start(folder);
    expect(await full.ended).toBe(1);
    expect(full.output()).toMatch(/^The disk is full\. .+\n$/);
    expect(readdirSync(join(folder, '.cache'))).toEqual([]);
    // What an older one, or one that was killed, left half-written keeps nobody for long.
    rmSync(filler);
    writeFileSync(join(folder, '.cache', 'set-up.lock'), '');
    const next = start(folder);
    await expect.poll(next.output, { timeout: 8000 }).toContain('Installing');
  },
);

function fill(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const descriptor = openSync(file, 'w');
  try {
    for (let size = 64 * 1024; size >= 1;) {
      try {
        writeSync(descriptor, Buffer.alloc(size, 1));
      } catch {
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(descriptor);
  }
}
