export interface EngineLayout {
  readonly dir: string;
  readonly dataRoot: string;
  readonly log: string;
  readonly runDir: string;
  readonly execRoot: string;
  readonly pidFile: string;
  /** `unix://…` */
  readonly host: string;
}

export interface EngineOptions {
  readonly dir: string;
  readonly pool?: string;
  /** Path of a busybox: the engine gets a network namespace of its own. */
  readonly ownNetwork?: string | null;
  /** A folder of ensureEngineRoot: the engine of another release. */
  readonly root?: string | null;
  readonly fresh?: boolean;
  readonly quiet?: boolean;
}

export function layoutOf(dir: string): EngineLayout;
export function privateEnginePid(dir: string): number | null;
export function runningPrivateEngine(dir: string): Promise<string | null>;
export function startPrivateEngine(
  options: EngineOptions,
): Promise<EngineLayout & { readonly pid: number; readonly started: boolean }>;
