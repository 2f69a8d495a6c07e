import { explain } from '../../model/reasons.js';
import type { VerifyNews, VerifyRun, VerifyStatus } from '../../model/verify-status.js';
import { damageText, verifiedText } from '../../model/verify-text.js';
import { nextRunText } from './gc-status-text.js';
import { section } from './sections.js';
import { oneLineText } from './table.js';

/** The result of a verification. */
export type VerifyOutcome = Exclude<VerifyNews, { readonly type: 'progress' }>;

/** Why a verification did not end with a whole store, in one line; null when it did. */
export function verifyFailureText(outcome: VerifyOutcome): string | null {
  const { cache } = outcome;
  if (outcome.type === 'refused') return oneLineText(`${cache}: ${outcome.message}`);
  const { failure } = outcome.run;
  const damage = damageText(cache, outcome.run);
  const reasons = [failure === null ? null : explain(failure), damage].filter((text) => text !== null);
  return reasons.length === 0 ? null : oneLineText(`${cache}: ${reasons.join(' ')}`);
}

/** What a verification looked at, and which paths it mended or found damaged, in whole lines; empty for a refusal. */
export function verifyResultText(outcome: VerifyOutcome): string {
  if (outcome.type === 'refused') return '';
  const { cache, run } = outcome;
  const rows = fatesOf(run).map(([path, fate]) => `  ${fate} ${path}`);
  const head = `${cache}: ${verifiedText(run)} verified in ${run.seconds.toFixed(1)} s; ${countsText(run)}`;
  return [head, ...rows].map((line) => `${line}\n`).join('');
}

/** The section of `describe cache` about verifications. `now` is ms since the epoch. */
export function verificationSections(cache: string, verify: VerifyStatus, now: number): string[] {
  const { config, nextRunAt, underWay, runs } = verify;
  const last = runs[0];
  return [
    section('Verification', [
      ['Schedule:', config.share === null ? 'none' : `${config.schedule} (${config.timeZone}), ${config.share}%`],
      ['Next run:', nextRunText({ nextRunAt, config: { suspend: false } }, now)],
      ['Under way:', underWay ?? 'nothing'],
      ['Last run:', last === undefined ? 'none' : lastText(last)],
      ['Damaged:', damageText(cache, verify) ?? 'nothing that is known'],
    ]),
  ];
}

function lastText(run: VerifyRun): string {
  const at = new Date(run.startedAt).toISOString();
  const failure = run.failure === null ? '' : `: ${explain(run.failure)}`;
  return `${at}, ${run.trigger}, ${run.result}, ${verifiedText(run)}, ${countsText(run)}${failure}`;
}

function countsText({ damaged, lost, mended }: VerifyRun): string {
  const parts = [
    damaged.count === 0 ? 'none damaged' : `${damaged.count} damaged`,
    ...(lost.count === 0 ? [] : [`${lost.count} of them lost`]),
    ...(mended.count === 0 ? [] : [`${mended.count} mended`]),
  ];
  return parts.join(', ');
}

function fatesOf({ damaged, lost, mended }: VerifyRun): [string, string][] {
  return [
    ...mended.first.map((path): [string, string] => [path, 'mended']),
    ...damaged.first.map((path): [string, string] => [path, lost.first.includes(path) ? 'lost' : 'damaged']),
  ];
}
