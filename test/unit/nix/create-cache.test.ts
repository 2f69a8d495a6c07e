import { describe, expect, it } from '@jest/globals';
import type { DesiredCache } from '../../../controller/model/desired.js';
import type { ObservedContainer } from '../../../controller/model/engine-objects.js';
import type { GcNews } from '../../../controller/model/gc-status.js';
import type { VerifyNews } from '../../../controller/model/verify-status.js';
import { CONTAINER_TYPE, LABEL } from '../../../controller/model/names.js';
import { createCacheRegistry } from '../../../controller/nix/cache-registry.js';
import { createCache } from '../../../controller/nix/create-cache.js';
import type { GcRecord } from '../../../controller/nix/gc/record.js';
import * as scripts from '../../../controller/nix/keeper/scripts.js';
import { VERIFY_STORE_SCRIPT } from '../../../controller/nix/verify/verify-scripts.js';
import { PREWARM } from '../../../controller/nix/packages/environments.js';
import { execBy, type FakeAnswer } from './fake-port.js';
import { keyOf, pathOf, settle } from './packages/fake-keeper.js';
import { surroundings, type Surroundings } from './sample-registry.js';
import { CONFIG, cache, keeper, user, VOLUME } from './samples.js';

const HELLO = keyOf('hello');
/** The volume holds the profiles of alice and of zoe, whom no spec names, and the store of one image. */
const INVENTORY = [
  'version 2.26.3',
  `profile alice ${pathOf(HELLO)}`,
  `profile zoe ${pathOf(HELLO)}`,
  `environment ${pathOf(HELLO)} 4 300 hello`,
  'image abc',
];
const MEASURED = ['size 2048 7'];

interface Given extends Surroundings {
  readonly desired?: DesiredCache;
  readonly answer?: (script: string) => FakeAnswer | undefined;
}

/** The cache `team` with its real parts, on an engine on which its keeper runs. */
function open({ desired = cache(), answer = () => undefined, ...given }: Given = {}) {
  const saved: GcRecord[] = [];
  const containers = new Map<string, ObservedContainer>([[keeper(desired).name, keeper(desired)]]);
  const removed: string[] = [];
  const { commands, exec } = execBy(({ script }) => {
    const lines = script === scripts.INVENTORY_SCRIPT ? INVENTORY : script === scripts.MEASURE_SCRIPT ? MEASURED : [];
    return answer(script) ?? { lines: lines.map((line) => `kalpana: ${line}`) };
  });
  const { deps, events, clock } = surroundings({
    volumes: [VOLUME],
    gcRecord: () => ({ load: () => null, save: (record) => void saved.push(record) }),
    docker: {
      inspectContainer: async (name) => containers.get(name) ?? null,
      listContainers: async () => [...containers.values()],
      tailContainer: async () => '',
      removeContainer: async (id) => void removed.push(id),
      inspectImage: async () => null,
      exec,
    },
    ...given,
  });
  const context = createCache('team', createCacheRegistry(deps).shared);
  context.specs.take(desired, ['alice']);
  return {
    context,
    clock,
    containers,
    removed,
    events,
    told: () => events.splice(0).map((event) => (event.type === 'reported' ? event.report.verdict.kind : event.type)),
    /** The keeper's scripts since the last call. */
    ran: () => commands.splice(0).map(({ script }) => script),
    requests: () => commands.flatMap(({ env }) => env['KALPANA_REQUEST'] ?? []),
    async asks() {
      const news: VerifyNews[] = [];
      await context.verifier.verify(false, (one) => void news.push(one));
      return news;
    },
    gone: () => Object.keys(saved.at(-1)?.goneSince ?? {}),
    begun: () => saved.flatMap(({ underWay }) => underWay?.trigger ?? []),
    async look() {
      await context.keeper.reconcile(context.specs.desired(), {});
      await settle();
    },
  };
}

describe('a keeper that answers', () => {
  it('tells every part of the cache what its volume holds', async () => {
    const { context, look, told, ran, gone } = open();
    await look();
    const { environments, imports, measure } = context;
    expect([environments.profileKey('alice'), environments.isKnown(HELLO), imports.has('sha256:abc')]).toEqual([
      HELLO,
      true,
      true,
    ]);
    expect(measure.size()).toEqual(null);
    expect(ran()).toEqual([scripts.INVENTORY_SCRIPT, scripts.LINK_SESSION_SCRIPT]);
    expect(told()).toEqual(['ready', 'changed']);
    // Nobody wants this profile, and nobody has told since when.
    expect(gone()).toEqual(['zoe']);
  });

  it('is measured, which is reported', async () => {
    const { context, clock, look, told, ran } = open();
    await look();
    told();
    ran();
    clock.advance(1);
    await settle();
    expect([ran(), context.measure.size()]).toEqual([[scripts.MEASURE_SCRIPT], { bytes: 2_097_152, paths: 7 }]);
    expect(told()).toEqual(['ready']);
  });

  it('is only asked what it holds for a plan', async () => {
    const { context, clock, look, told, ran, gone } = open({ isForesight: true });
    await look();
    clock.advance(60_000);
    await settle();
    expect(context.environments.isKnown(HELLO)).toBe(true);
    expect([ran(), told(), gone()]).toEqual([[scripts.INVENTORY_SCRIPT], [], []]);
  });

  it('and then goes away takes nothing more on, which its workspaces hear', async () => {
    const { context, containers, look, told, ran } = open();
    await look();
    told();
    ran();
    containers.clear();
    await look();
    expect(told()).toEqual(['progressing', 'changed']);
    context.environments.request('alice', CONFIG.nixpkgs, ['jq']);
    await settle();
    expect(ran()).toEqual([]);
  });
});

describe('a store beyond its bound', () => {
  const desired = cache({ gc: { ...CONFIG.gc, maxBytes: 1_000_000 } });

  it.each<{ what: string; given: Given; begun: readonly string[] }>([
    { what: 'once it was measured', given: { desired }, begun: ['maxBytes'] },
    { what: 'not within its bound', given: {}, begun: [] },
    { what: 'not while the controller converges once', given: { desired, isOnce: true }, begun: [] },
  ])('is collected $what', async ({ given, begun }) => {
    const { clock, look, begun: found } = open(given);
    await look();
    clock.advance(1);
    await settle();
    expect(found()).toEqual(begun);
  });
});

describe('the parts of a cache', () => {
  it('prewarm it when nothing else is under way any more', async () => {
    const desired = cache({ prewarm: ['hello'] });
    const { context, look, requests } = open({
      desired,
      answer: (script) => (script === scripts.RESOLVE_SCRIPT ? { exitCode: 1 } : undefined),
    });
    await look();
    context.environments.request('alice', CONFIG.nixpkgs, ['jq']);
    for (let turn = 0; turn < 10; turn += 1) await settle();
    const named = requests().map((request) => JSON.parse(request) as { packages: readonly { name: string }[] });
    expect(named.map(({ packages }) => packages.map(({ name }) => name))).toEqual([['jq'], ['hello']]);
    expect(context.specs.profiles()).toContain(PREWARM);
  });

  it('tell what becomes of a request', async () => {
    const { context, look, events } = open({
      answer: (script) => (script === scripts.RESOLVE_SCRIPT ? { exitCode: 1 } : undefined),
    });
    await look();
    events.splice(0);
    context.environments.request('alice', CONFIG.nixpkgs, ['jq']);
    await settle();
    const ends = events.flatMap((event) => (event.type === 'realised' ? [event.workspaces] : []));
    expect(ends).toEqual([['alice']]);
  });

  it('do not collect while no keeper can be asked', async () => {
    const { context } = open();
    const news: GcNews[] = [];
    await context.collector.collect(false, (one) => void news.push(one));
    expect(news).toEqual([{ type: 'refused', cache: 'team', message: context.keeper.unavailable()?.message }]);
  });

  it('verify the store beside nothing else, and give way to a collection', async () => {
    const { context, look, ran, asks } = open({
      answer: (script) => (script === VERIFY_STORE_SCRIPT ? { lines: ['kalpana: pid 7'], exitCode: 0 } : undefined),
    });
    await look();
    ran();
    const news = await asks();
    expect([ran(), news.at(-1)?.type]).toEqual([[VERIFY_STORE_SCRIPT], 'run']);
    const verifying = context.verifier.verify(false, () => undefined);
    const collecting = context.collector.collect(false, () => undefined);
    expect((await asks()).at(-1)).toMatchObject({ type: 'refused' });
    await verifying;
    expect((await asks()).at(-1)).toEqual({
      type: 'refused',
      cache: 'team',
      message: 'the garbage of the cache team is being collected: try again afterwards',
    });
    expect(ran()).toContain(scripts.CANCEL_SCRIPT);
    void collecting;
  });

  it('remove the scanner that an earlier controller left on this volume, and no other', async () => {
    const scanner = (name: string, source = VOLUME.name) =>
      user(name, '/nix', {
        labels: { [LABEL.type]: CONTAINER_TYPE.scanner, [LABEL.cacheOwner]: 'default' },
        mounts: [{ type: 'volume', source, target: '/nix', readOnly: true }],
      });
    const [own, other] = ['kalpana-nix-scanner-team', 'kalpana-nix-scanner-other'] as const;
    const containers = [scanner(own), scanner(other, 'kalpana-nix-store-other'), scanner('workspace-alice')];
    const { context, removed } = open({ containers });
    await context.collector.sweep({});
    expect(removed).toEqual([`id-${own}`]);
  });
});
