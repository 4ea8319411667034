/**
 * What a server that calculates does with a message: how it answers, and how long that takes it.
 */

import { type Answer, calculate } from '@sockscope/tcp-core/arithmetic/calculate';
import type { Message, Said } from '@sockscope/tcp-core/conversation/message';
import { type Connection, Stopped } from '@sockscope/tcp-core/sockets/api';
import { TcpConnection } from '@sockscope/tcp-core/sockets/connection';
import type { Recorder } from './recorder.ts';

export interface ServiceOptions {
  /** So long each answer takes at least, ms; to be seen in class. */
  slowMs: number;
  recorder: Recorder;
  /** Whether the server shall stop. */
  stopping(): boolean;
}

export class Service {
  readonly #options: ServiceOptions;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** The bytes of the reply. A property: servers take it as a function. Throws Stopped. */
  readonly answer = (client: Connection, message: Message): Uint8Array => {
    if (message.type === 'negotiated') return message.answer;
    const { recorder, slowMs } = this.#options;
    const began = performance.now();
    const answer = answerTo(message);
    if (slowMs > 0) {
      if (client instanceof TcpConnection) recorder.evaluating(client, message.text);
      this.#keepCalculating(message.text, began + slowMs);
    }
    const micros = Math.round((performance.now() - began) * 1000);
    if (client instanceof TcpConnection) {
      recorder.evaluated(client, message.text, answer, micros);
    }
    return Buffer.from(answer.text + message.terminator, 'latin1');
  };

  /** Real work, over and over, until the time is up. */
  #keepCalculating(text: string, until: number): void {
    this.#options.recorder.flush();
    while (performance.now() < until) {
      calculate(text);
      if (this.#options.stopping()) throw new Stopped();
    }
  }

  /**
   * Compiles what a hostile first message would otherwise pay for: in a new thread it took 50 ms and
   * more, after this less than 25.
   */
  static warmUp(): void {
    for (const text of ['1+1', '-7//2%3', '9^9^9', 'x', '(']) calculate(text);
    calculate('1/3+'.repeat(150) + '0.1');
    calculate('2.7^.3+3.1^.7');
  }
}

function answerTo({ text, problem, advice }: Said): Answer {
  const answer = problem === null ? calculate(text) : { text: `error: ${problem}`, error: true };
  return answer.error && advice !== '' ? { ...answer, text: answer.text + advice } : answer;
}
