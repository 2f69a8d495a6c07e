import { describe, expect, it } from '@jest/globals';
import { imageWithStore } from '../../../controller/nix/image-with-store.js';
import { createImages } from '../../../controller/nix/images/images.js';
import { portOf } from './fake-port.js';

const REFERENCE = 'kalpana/nix-keeper:latest';
const IMAGE = { id: 'sha256:abc', configuration: {} };

interface Facts {
  /** Null: the image is not on the engine. */
  readonly image?: typeof IMAGE | null;
  /** The first names in its store. */
  readonly store?: readonly string[];
  /** What an earlier look has found. */
  readonly known?: boolean;
  readonly isForesight?: boolean;
}

async function ask({ image = IMAGE, store = [], known, isForesight = false }: Facts) {
  const probes: string[] = [];
  const docker = portOf({
    inspectImage: async () => image as never,
    inspectContainer: async () => null,
    async createContainer(name) {
      probes.push(name);
      return 'probe';
    },
    pathEntries: async () => store,
    removeContainer: async () => undefined,
  });
  const rows = known === undefined ? [] : ([[IMAGE.id, known]] as const);
  const images = createImages(docker, 'default', { load: () => rows, save: () => undefined });
  const id = await imageWithStore({ docker, images, isForesight }, REFERENCE, {});
  return { id, probes: probes.length };
}

const STORE = ['.links', '0123456789abcdfghijklmnpqrsvwxyz-nix'];

describe('the image of a keeper', () => {
  it.each<{ what: string; facts: Facts; id: string | null; probes: number }>([
    { what: 'that brings a store is looked into once', facts: { store: STORE }, id: 'abc', probes: 1 },
    { what: 'without a store', facts: {}, id: null, probes: 1 },
    { what: 'that is not on the engine', facts: { image: null, store: STORE }, id: null, probes: 0 },
    { what: 'that was looked into before', facts: { known: true }, id: 'abc', probes: 0 },
    { what: 'that has been seen without a store', facts: { known: false, store: STORE }, id: null, probes: 0 },
    { what: 'that a plan does not know', facts: { isForesight: true, store: STORE }, id: null, probes: 0 },
    { what: 'that a plan knows', facts: { isForesight: true, known: true }, id: 'abc', probes: 0 },
  ])('$what: $id, after $probes probes', async ({ facts, id, probes }) => {
    expect(await ask(facts)).toEqual({ id, probes });
  });
});
