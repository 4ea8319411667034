/** What a screen reader is told: answers to this page's clients first, then the sentence of the moment. */

import { count } from '../view/words/words.ts';

/** What is told stays so long before a sentence takes its place, or more answers do: milliseconds. */
const SHORTEST = 1_000;
/** Answers that are told at once; of more it is said how many there are. */
const MOST_ANSWERS = 20;

export class Announcer {
  /** What is told last. The same words told twice are two objects. */
  told = $state.raw<{ words: string }>({ words: '' });
  /** Not told yet, oldest first. */
  #answers: string[] = [];
  #unnamed = 0;
  #sentence: string | null = null;
  #lastSentence: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAnswer = false;

  /** Somebody asked and is waiting for this: no sentence is told before it. In a rush not all are put in words. */
  answer(words: () => string): void {
    if (this.#answers.length < MOST_ANSWERS) this.#answers.push(words());
    else this.#unnamed += 1;
    if (!this.#isAnswer) this.#next();
  }

  /** Told when nothing else is; the newest takes the place of one that was not told. */
  sentence(words: string): void {
    this.#sentence = words === this.#lastSentence ? null : words;
    if (this.#timer === undefined) this.#next();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #next(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isAnswer = this.#answers.length > 0;
    const words = this.#isAnswer ? this.#takeAnswers() : this.#takeSentence();
    if (words === null) return;
    this.told = { words };
    this.#timer = setTimeout(() => this.#next(), SHORTEST);
  }

  #takeAnswers(): string {
    const more = this.#unnamed > 0 ? [`${count(this.#unnamed)} more answers`] : [];
    const words = [...this.#answers, ...more].join('; ');
    this.#answers = [];
    this.#unnamed = 0;
    return words;
  }

  #takeSentence(): string | null {
    const words = this.#sentence;
    this.#sentence = null;
    this.#lastSentence = words ?? this.#lastSentence;
    return words;
  }
}
