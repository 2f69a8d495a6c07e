import { inspect } from 'node:util';

/** A secret's value that no log, label, plan or error can print: only `reveal()` gives it, to the engine adapter. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  /** `text` without the value. Values of fewer than four characters protect nothing and would garble the text. */
  mask(text: string): string {
    return this.#value.length < 4 ? text : text.replaceAll(this.#value, '[secret]');
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
