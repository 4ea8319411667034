/** A real telnet on a terminal of its own, and the keys that somebody presses there. */

import { describe, it } from 'vitest';
import { has } from '../../../scripts/test-programs.mjs';
import { serverIds } from '@sockscope/tcp-core/designs/all';
import { ChildProgram } from '@sockscope/test-kit/child-program';
import { TestLab } from './test-lab.ts';

/** Runs a program on a pseudo-terminal: what it is given are keys, what it prints is the screen. */
const ON_A_TERMINAL = 'import pty, sys; pty.spawn(sys.argv[1:])';

const CTRL_C = '\x03';
const ESCAPE = '\x1d'; // Ctrl-]

class Telnet {
  readonly #program: ChildProgram;
  #seen = 0;

  constructor(port: number) {
    const telnet = ['telnet', '127.0.0.1', String(port)];
    this.#program = new ChildProgram('python3', ['-c', ON_A_TERMINAL, ...telnet]);
  }

  press(keys: string): this {
    this.#program.write(keys);
    return this;
  }

  /** Waits until the screen has this behind what was waited for before. */
  async shows(text: string): Promise<void> {
    await this.#program.until((screen) => screen.includes(text, this.#seen), JSON.stringify(text));
    this.#seen = this.#program.stdout.indexOf(text, this.#seen) + text.length;
  }

  async quits(): Promise<void> {
    await this.press(ESCAPE).shows('telnet> ');
    await this.press('quit\r').shows('Connection closed.');
    await this.#program.exit;
  }
}

describe.skipIf(!has('telnet') || !has('python3')).each(serverIds)('telnet and %s', (server) => {
  const test = new TestLab();
  const port = test.start(server);
  const echoes = server === 'server4';
  /** What the screen shows of it, behind the keys' own echo. */
  const answer = (sum: string, result: string): string => `${sum}\r\n${echoes ? sum : result}\r\n`;

  async function connected(): Promise<Telnet> {
    await test.idle(server);
    const telnet = new Telnet(await port);
    await telnet.shows('Escape character');
    await telnet.press('22 + 44\r').shows(answer('22 + 44', '66')); // now it looks at the keys
    return telnet;
  }

  it('talks line by line, and is left with Ctrl-] quit', async () => {
    const telnet = await connected();
    await telnet.press('6*7\r').shows(answer('6*7', '42'));
    await telnet.quits();
  });

  // It echoes telnet's request as it does all bytes, and telnet waits for ever for its answer.
  if (echoes) return;

  it('is answered after Ctrl-C, each time', async () => {
    const telnet = await connected();
    for (const [sum, result] of [
      ['1+1', '2'],
      ['2+2', '4'],
      ['3+3', '6'],
    ] as const) {
      await telnet.press(CTRL_C).shows('^C');
      await telnet.press(`${sum}\r`).shows(answer(sum, result));
    }
    await telnet.quits();
  });

  it('stays in line mode: the server has no use for character mode', async () => {
    const telnet = await connected();
    await telnet.press(ESCAPE).shows('telnet> ');
    telnet.press('mode character\r');
    await test.event('sent', ({ preview }) => preview.startsWith('\xff\xfc')); // WONT
    await telnet.press(ESCAPE).shows('telnet> ');
    await telnet.press('\r').press('7*7\r').shows('49\r\n');
    await telnet.quits();
  });
});
