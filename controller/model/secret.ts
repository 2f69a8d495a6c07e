import { inspect } from 'node:util';

/**
 * The value of a secret that no log, label, plan or error can print. Only `reveal()` returns it, for the engine
 * adapter.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  /**
   * Replaces the value in `text`. A value of fewer than four characters is not replaced: it protects nothing, and
   * replacing it would garble the text.
   */
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
