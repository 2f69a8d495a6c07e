import type { CacheExecutor } from '../../../controller/apply/executor.js';
import type { CacheReconciler } from '../../../controller/reconcile/interfaces.js';

/** For what has nothing to do with packages: no cache is known, and a profile is as wanted. */
export const noCaches: CacheReconciler & CacheExecutor = {
  update: () => [],
  names: () => [],
  reconcile: () => Promise.resolve({ operations: 0, failure: null, recheckMs: null }),
  keeperMoved: () => false,
  observe: () => null,
  reportOf: () => null,
  lookAtImage: () => Promise.resolve(),
  isBusy: () => false,
  realise: () => {},
  inPlace: () => Promise.resolve(true),
  importImage: () => Promise.resolve(),
};
