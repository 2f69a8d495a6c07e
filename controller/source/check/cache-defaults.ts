import type { CacheConfig } from '../../model/desired.js';
import { KEEPER_NETWORK } from '../../model/names.js';
import { DEFAULT_NIXPKGS_RELEASE, nixpkgsAddress } from '../../model/nixpkgs-releases.js';

/** The configuration of a cache without a spec, and of the fields that a spec omits. */
export const DEFAULT_CACHE_CONFIG: CacheConfig = {
  image: 'kalpana/nix-keeper:latest',
  nixpkgs: nixpkgsAddress(DEFAULT_NIXPKGS_RELEASE),
  substituters: ['https://cache.nixos.org'],
  trustedPublicKeys: ['cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY='],
  requireSignatures: true,
  sandbox: false,
  trustedImages: [],
  network: KEEPER_NETWORK,
  mounts: [],
  prewarm: [],
  builds: { timeoutMs: 6 * 3_600_000, maxSilentMs: 3_600_000 },
  // A bound of the builds' processes at which a build with 128 jobs of ten threads still passes.
  resources: { nanoCpus: 0, memoryBytes: null, pids: 16_384 },
  gc: {
    schedule: '0 4 * * *',
    timeZone: 'UTC',
    retainMs: 7 * 86_400_000,
    graceMs: 86_400_000,
    maxBytes: null,
    maxFreedPerRun: null,
    optimise: false,
    deadlineMs: 1_800_000,
    suspend: false,
  },
  verify: { schedule: '0 3 * * *', timeZone: 'UTC', share: null },
};
