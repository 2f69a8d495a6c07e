import type { DesiredWorkspace } from '../../controller/model/desired.js';
import type { EngineWatch } from './engine-watch.js';
import type { BenchOptions } from './options.js';
import type { RawEngine } from './raw-engine.js';
import type { Report } from './report.js';

/** What every stage works with. */
export interface Bench {
  readonly options: BenchOptions;
  readonly host: string;
  readonly engine: RawEngine;
  readonly watch: EngineWatch;
  readonly report: Report;
  /** A compose program, or null. */
  readonly compose: string | null;
  /** The signed binary cache of the package `suite`, and the expression that it was made from. */
  readonly nix: { readonly directory: string; readonly publicKey: string; readonly nixpkgs: string };
  /** The main.js that the goals are about. */
  readonly main: string;
  /** The directory of the plain specs, and what the controller makes of them. */
  readonly specs: string;
  readonly desired: readonly DesiredWorkspace[];
  /** A new empty directory. */
  readonly fresh: (name: string) => string;
}
