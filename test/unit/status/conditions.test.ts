import { describe, expect, it } from '@jest/globals';
import type { Verdict, WorkspaceReport } from '../../../controller/model/status.js';
import { conditionsOf } from '../../../controller/status/conditions.js';
import { failing, sampleProblem, sampleReport, START } from './samples.js';

const stopped = { ...sampleReport({ kind: 'stopped' }).container!, state: 'exited' as const };
const starting = { ...sampleReport({ kind: 'ready' }).container!, health: 'starting' as const };
const unhealthy = { ...sampleReport({ kind: 'ready' }).container!, health: 'unhealthy' as const };
const spec = sampleReport({ kind: 'ready' }).spec!;
const progressing: Verdict = { kind: 'progressing', message: 'creating the container', replacing: false };
const held: Verdict = { kind: 'held', failure: { reason: 'DeletionHeld', message: 'all would go' } };

function lines(report: WorkspaceReport): string[] {
  return conditionsOf(report, [], START).map(({ type, status, reason, message }) =>
    `${type}=${status} ${reason} ${message}`.trim(),
  );
}

describe('conditionsOf', () => {
  it.each<[string, WorkspaceReport, string[]]>([
    [
      'ready',
      sampleReport({ kind: 'ready' }),
      ['SpecValid=True Valid', 'ContainerReady=True Running', 'Ready=True Ready'],
    ],
    [
      'stopped as wanted is not ready',
      sampleReport({ kind: 'stopped' }, { container: stopped }),
      [
        'SpecValid=True Valid',
        'ContainerReady=False Exited The container is exited.',
        'Ready=False Stopped Stopped, as the spec wants it.',
      ],
    ],
    [
      'before there is a container',
      sampleReport(progressing, { container: null }),
      [
        'SpecValid=True Valid',
        'ContainerReady=False Missing There is no container.',
        'Ready=False Starting creating the container',
      ],
    ],
    [
      'a health check that has not answered',
      sampleReport(progressing, { container: starting }),
      [
        'SpecValid=True Valid',
        'ContainerReady=False Starting The health check has not answered yet.',
        'Ready=False Starting creating the container',
      ],
    ],
    [
      'the old container runs while it is replaced',
      sampleReport({ ...progressing, replacing: true }),
      ['SpecValid=True Valid', 'ContainerReady=True Running', 'Ready=False Replacing creating the container'],
    ],
    [
      'an unhealthy one that is replaced',
      sampleReport({ ...progressing, replacing: true }, { container: unhealthy }),
      [
        'SpecValid=True Valid',
        'ContainerReady=False Unhealthy The health check fails.',
        'Ready=False Replacing creating the container',
      ],
    ],
    [
      'a failure with its remedy',
      sampleReport(failing('StartFailed', false, 'exec: "nope": not found')),
      [
        'SpecValid=True Valid',
        'ContainerReady=False StartFailed exec: "nope": not found. The container cannot start; change the image or the command.',
        'Ready=False StartFailed exec: "nope": not found. The container cannot start; change the image or the command.',
      ],
    ],
    [
      'a failure that leaves the old container serving',
      sampleReport(failing('ReplacementFailed', true, 'exit code 1')),
      [
        'SpecValid=True Valid',
        'ContainerReady=True Running',
        'Ready=False ReplacementFailed exit code 1. The new container did not come up and the old one runs on; change the spec.',
      ],
    ],
    [
      'an engine that does not answer: unknown, not absent',
      sampleReport(failing('EngineUnreachable', true, 'connect ENOENT'), { container: null }),
      [
        'SpecValid=True Valid',
        'ContainerReady=Unknown EngineUnreachable connect ENOENT. Check that the Docker engine runs and that the controller may use its socket.',
        'Ready=Unknown EngineUnreachable connect ENOENT. Check that the Docker engine runs and that the controller may use its socket.',
      ],
    ],
    [
      'a broken spec whose last good version runs',
      sampleReport({ kind: 'ready' }, { spec: { ...spec, problem: sampleProblem('alice') } }),
      [
        'SpecValid=False SpecInvalid specs/alice.json:3:7: unknown field',
        'ContainerReady=True Running',
        'Ready=True Ready',
      ],
    ],
    [
      'a secret that cannot be read',
      sampleReport(failing('SecretUnreadable', true, 'no file github-token'), {
        spec: { ...spec, problem: sampleProblem('alice', 'no file github-token') },
      }),
      [
        'SpecValid=False SecretUnreadable specs/alice.json:3:7: no file github-token',
        'ContainerReady=True Running',
        'Ready=False SecretUnreadable no file github-token. Put the file into the secrets directory, readable for the controller.',
      ],
    ],
    [
      'a spec that never was good',
      sampleReport(failing('SpecInvalid', false, 'unknown field'), { spec: null, container: null }),
      [
        'SpecValid=False SpecInvalid unknown field. Mend the spec; the last good version stays in force.',
        'ContainerReady=False SpecInvalid unknown field. Mend the spec; the last good version stays in force.',
        'Ready=False SpecInvalid unknown field. Mend the spec; the last good version stays in force.',
      ],
    ],
    [
      'a held removal',
      sampleReport(held, { spec: null }),
      [
        'SpecValid=Unknown DeletionHeld The spec is gone.',
        'ContainerReady=True Running',
        'Ready=False DeletionHeld all would go. Confirm with kalpana approve or --allow-prune, or put the specs back.',
      ],
    ],
    [
      'a removal',
      sampleReport({ kind: 'removing' }, { spec: null }),
      [
        'SpecValid=Unknown RemovalPending The spec is gone.',
        'ContainerReady=True Running',
        'Ready=False RemovalPending The spec is gone; the container is being removed.',
      ],
    ],
  ])('%s', (_name, report, expected) => {
    expect(lines(report)).toEqual(expected);
  });

  it('moves a transition time only when the status changes', () => {
    const first = conditionsOf(sampleReport(progressing, { container: null }), [], START);
    const second = conditionsOf(sampleReport(failing('ImagePullFailed'), { container: null }), first, START + 1_000);
    const third = conditionsOf(sampleReport({ kind: 'ready' }), second, START + 2_000);
    const times = [first, second, third].map((conditions) =>
      conditions.map(({ lastTransitionTime }) => Date.parse(lastTransitionTime) - START),
    );
    expect(times).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [0, 2_000, 2_000],
    ]);
  });
});
