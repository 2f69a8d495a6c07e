export interface Leftovers {
  /** Process ids. */
  readonly processes: number[];
  /** Mount points. */
  readonly mounts: string[];
}

export function leftoversOf(dir: string): Leftovers;
export function stopPrivateEngine(options: { readonly dir: string; readonly empty?: boolean }): Promise<Leftovers>;
