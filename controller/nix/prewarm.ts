import { later } from '../model/clock.js';
import type { CacheContext } from './cache-context.js';
import { environmentRequest } from './packages/environment-key.js';
import { PREWARM } from './packages/environments.js';

type Prewarmed = Pick<CacheContext, 'specs' | 'keeper' | 'environments'> & {
  readonly shared: Pick<CacheContext['shared'], 'clock' | 'calls'>;
};

/**
 * Realises the packages that the cache's spec wants in advance, in the background, and keeps them as a root. It is
 * called whenever no work is under way, so that waiting workspaces go first.
 */
export function prewarm(context: Prewarmed): void {
  const { specs, keeper, environments, shared } = context;
  const config = specs.desired()?.config;
  if (config === undefined || config.prewarm.length === 0) return;
  if (keeper.commands() === null || environments.isBusy()) return;
  const { key } = environmentRequest(config.nixpkgs, config.prewarm, { ranked: true });
  if (environments.profileKey(PREWARM) === key) return;
  const failed = environments.failureOf(key);
  if (failed === null || failed.retryMs === 0) return environments.request(PREWARM, config.nixpkgs, config.prewarm);
  if (failed.retryMs !== null) later(shared.clock, failed.retryMs + 1, shared.calls.signal, () => prewarm(context));
}
