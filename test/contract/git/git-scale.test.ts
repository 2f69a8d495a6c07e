import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { conditionOf } from '../../../controller/status/conditions.js';
import { createFleet, fleetText, type Upshot } from '../../support/git/fleet.js';

const COUNT = 1_000;
const NAMES = Array.from({ length: COUNT }, (_, index) => `w${index}`);
const fleet = createFleet(NAMES);
/** Of the commits that the tests make, all their looks. */
let before = 0;

beforeAll(async () => {
  await fleet.start();
  before = fleet.reconciles.length;
});
afterAll(() => fleet.close());

const phases = () => [...new Set(fleet.store.list().map(({ phase }) => phase))];
const imageOf = (name: string) => fleet.store.get(name)?.container?.image;
/** The workspaces that were looked at, those in which something was done, and how the commit was shown. */
const upshotOf = ({ reconciles, states }: Upshot) => {
  const ofWorkspaces = reconciles.filter(({ kind }) => kind === 'workspace');
  const keys = (records: typeof reconciles) => [...new Set(records.map(({ key }) => key))];
  return {
    looked: keys(ofWorkspaces),
    worked: keys(ofWorkspaces.filter(({ operations }) => operations > 0)),
    states: states.map(({ state }) => state),
  };
};
const NOTHING = { reconciles: [], taken: 0, verbs: [] };

/** The tests are one history of one repository. */
describe(`a repository of ${COUNT} workspaces`, () => {
  it('brings all of them up', () => {
    expect(fleet.store.list().length).toBe(COUNT);
    expect(phases()).toEqual(['Ready']);
    expect(fleet.revisions()).toEqual([fleet.applied()]);
  });

  it('of which one is changed has that one reconciled, and all converged to the commit', async () => {
    const upshot = await fleet.commit({ 'w7.json': fleetText('w7', { image: 'debian:13' }) });
    expect(upshotOf(upshot)).toEqual({ looked: ['w7'], worked: ['w7'], states: ['pending', 'success'] });
    // Every key that a worker took up is among them: the volumes and the network that all share, and the one.
    expect(upshot.taken).toBe(upshot.reconciles.length);
    expect(
      upshot.reconciles.filter(({ kind }) => kind !== 'workspace').map(({ kind, operations }) => [kind, operations]),
    ).toEqual([['shared', 0]]);
    expect([imageOf('w7'), imageOf('w8')]).toEqual(['debian:13', 'debian:12']);
    expect(fleet.revisions()).toEqual([upshot.revision]);
    expect(fleet.told.at(-1)).toMatchObject({
      type: 'applied',
      commit: { revision: upshot.revision },
      message: '1000 workspaces converged',
    });
  });

  it('asks nothing of the engine for a commit without a change of a spec, and all are converged to it', async () => {
    const upshot = await fleet.commit({ 'README.md': 'hello' });
    expect(upshot).toMatchObject(NOTHING);
    expect(fleet.revisions()).toEqual([upshot.revision]);
    expect(fleet.told.at(-1)).toMatchObject({ type: 'applied', commit: { revision: upshot.revision } });
  });

  it('asks nothing of the engine for a commit that is refused, and the good one stays in force', async () => {
    const good = fleet.applied();
    const upshot = await fleet.commit({ 'w9.json': '{"kind"', 'w10.json': fleetText('w10', { image: 'debian:13' }) });
    expect(upshot).toMatchObject({ ...NOTHING, states: [{ revision: upshot.revision, state: 'failure' }] });
    expect([fleet.applied(), ...fleet.revisions()]).toEqual([good, good]);
    expect(phases()).toEqual(['Ready']);
    expect(fleet.told.at(-1)).toMatchObject({
      type: 'failed',
      reason: 'CommitInvalid',
      commit: { revision: upshot.revision },
    });
    const unsound = fleet.store.list().filter((status) => conditionOf(status, 'SpecValid')?.status !== 'True');
    expect(unsound.map(({ name }) => name)).toEqual(['w9']);
  });

  it('asks nothing of the engine for the commit that mends it', async () => {
    const upshot = await fleet.commit({ 'w9.json': fleetText('w9'), 'w10.json': fleetText('w10') });
    expect(upshot).toMatchObject({ ...NOTHING, states: [{ state: 'pending' }, { state: 'success' }] });
    expect(fleet.revisions()).toEqual([upshot.revision]);
    expect(conditionOf(fleet.store.get('w9')!, 'SpecValid')?.status).toBe('True');
  });

  it('of which one is removed has that one removed, and only then is the commit rolled out', async () => {
    const upshot = await fleet.commit({ 'w8.json': null });
    expect(upshotOf(upshot)).toEqual({ looked: ['w8'], worked: ['w8'], states: ['pending', 'success'] });
    expect([fleet.store.get('w8'), fleet.store.list().length, fleet.engine.state.containers.size]).toEqual([
      null,
      COUNT - 1,
      COUNT - 1,
    ]);
    expect(fleet.revisions()).toEqual([upshot.revision]);
    expect(fleet.told.at(-1)).toMatchObject({
      type: 'applied',
      commit: { revision: upshot.revision },
      message: '999 workspaces converged',
    });
  });

  it('was looked at nowhere else in all that time', () => {
    expect([...new Set(fleet.reconciles.slice(before).map(({ key }) => key))].sort()).toEqual(['shared', 'w7', 'w8']);
  });
});
