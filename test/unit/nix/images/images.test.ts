import { describe, expect, it } from '@jest/globals';
import { EngineError, type DockerPort } from '../../../../controller/docker/port.js';
import type { ContainerDefinition } from '../../../../controller/model/engine-objects.js';
import { LABEL } from '../../../../controller/model/names.js';
import { createImages, type ImageRecord } from '../../../../controller/nix/images/images.js';
import { portOf } from '../fake-port.js';
import { cache, keeper } from '../samples.js';

const IMAGE = `sha256:${'0123456789abcdef'.repeat(4)}`;
const PROBE = 'kalpana-nix-probe-me-0123456789abcdef';
const STORE_PATH = 'djjxv3pda7r3hh3lrkcq4bwaji4x35av-hello';

/** An engine whose images hold `entries` in /nix/store; null: they have none. */
function createBench(entries: readonly string[] | null = [STORE_PATH], rows: ReturnType<ImageRecord['load']> = []) {
  const asked: string[] = [];
  const made: ContainerDefinition[] = [];
  const saved: (readonly (readonly [string, boolean])[])[] = [];
  const verbs: Partial<DockerPort> = {
    async createContainer(name, definition) {
      asked.push(`create ${name}`);
      made.push(definition);
      return `id-${made.length}`;
    },
    async pathEntries(id, path, limit) {
      asked.push(`look ${id} ${path} ${limit}`);
      return entries;
    },
    removeContainer: async (id, force) => void asked.push(`remove ${id} ${force}`),
  };
  const images = createImages(portOf(verbs), 'me', { load: () => rows, save: (all) => void saved.push(all) });
  return { asked, made, saved, verbs, images };
}

describe('an image', () => {
  it.each<[string, readonly string[] | null, boolean]>([
    ['a store path', [STORE_PATH], true],
    ['a store path after what is none', ['.links', STORE_PATH], true],
    ['no /nix/store', null, false],
    ['an empty store', [], false],
    ['names that are no store paths', [`${'e'.repeat(32)}-hello`, `${'a'.repeat(31)}-x`], false],
    ['so many names that are none that store paths may follow', ['.links', 'hello', 'world'], true],
  ])('with %s', async (_what, entries, brings) => {
    const { images, saved } = createBench(entries);
    expect(images.bringsStore(IMAGE)).toBeUndefined();
    await images.look(IMAGE, {});
    expect(images.bringsStore(IMAGE)).toBe(brings);
    expect(saved).toEqual([[[IMAGE, brings]]]);
  });

  it('is looked at in a container that never runs and is removed again', async () => {
    const { images, asked, made } = createBench();
    await images.look(IMAGE, {});
    expect(asked).toEqual([`create ${PROBE}`, 'look id-1 /nix/store 3', 'remove id-1 true']);
    expect(made).toMatchObject([
      {
        image: IMAGE,
        network: 'none',
        mounts: [],
        labels: { [LABEL.managed]: 'true', [LABEL.type]: 'nix-probe', [LABEL.cacheOwner]: 'me' },
      },
    ]);
  });

  it('is looked at once, however many ask, and never again', async () => {
    const { images, asked } = createBench();
    await Promise.all([images.look(IMAGE, {}), images.look(IMAGE, {})]);
    await images.look(IMAGE, {});
    expect(asked).toHaveLength(3);
  });

  it('that was looked at in a former life is known', async () => {
    const { images, asked } = createBench(null, [[IMAGE, true]]);
    await images.look(IMAGE, {});
    expect([images.bringsStore(IMAGE), asked]).toEqual([true, []]);
  });

  it('that could not be looked at is not known, its probe is removed, and the next look tries again', async () => {
    const { images, asked, saved, verbs } = createBench();
    const away = new EngineError('timeout', 'pathEntries', 'late');
    const { pathEntries } = verbs;
    verbs.pathEntries = () => Promise.reject(away);
    await expect(images.look(IMAGE, {})).rejects.toBe(away);
    expect([images.bringsStore(IMAGE), saved]).toEqual([undefined, []]);
    expect(asked).toEqual([`create ${PROBE}`, 'remove id-1 true']);
    verbs.pathEntries = pathEntries;
    await images.look(IMAGE, {});
    expect(images.bringsStore(IMAGE)).toBe(true);
  });
});

describe('probes of one image', () => {
  it('take turns, for they have one name; one that fails does not keep the next one waiting', async () => {
    const { images, asked } = createBench();
    const fault = new Error('the first one fails');
    const first = images.withProbe(IMAGE, {}, () => Promise.reject(fault));
    const second = images.withProbe(IMAGE, {}, async (probe) => void asked.push(`use ${probe}`));
    await expect(first).rejects.toBe(fault);
    await second;
    expect(asked).toEqual([`create ${PROBE}`, 'remove id-1 true', `create ${PROBE}`, 'use id-2', 'remove id-2 true']);
  });
});

describe('a sweep', () => {
  const probe = (id: string, name: string, labels: Readonly<Record<string, string>>) =>
    keeper(cache(), { id, name, labels, state: 'created' });
  const ours = { [LABEL.type]: 'nix-probe', [LABEL.cacheOwner]: 'me' };

  it.each([
    ['a probe that was left', ours, true],
    ["another instance's probe", { ...ours, [LABEL.cacheOwner]: 'other' }, false],
    ['another helper of ours', { ...ours, [LABEL.type]: 'nix-seed' }, false],
    ["somebody's container", {}, false],
  ])('of %s', async (_what, labels, isRemoved) => {
    const { images, asked } = createBench();
    const workspace = probe('id-workspace', 'workspace-alice', labels);
    await images.sweep([workspace, probe('id-left', PROBE, labels)], {});
    expect(asked).toEqual(isRemoved ? ['remove id-left true'] : []);
  });

  it('leaves a probe alone that is in use, and one that is gone while a list still shows it', async () => {
    const { images, asked } = createBench();
    const shown = probe('id-1', PROBE, ours);
    await images.withProbe(IMAGE, {}, () => images.sweep([shown], {}));
    await images.sweep([shown], {});
    expect(asked).toEqual([`create ${PROBE}`, 'remove id-1 true']);
  });
});
