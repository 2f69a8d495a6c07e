// docs/reference/reasons.md, from the closed list of reasons.
import { code, item, opening, sentence, wrapped } from './text.mjs';

const CLASSES = {
  transient: 'Tried again, later and later.',
  waiting: 'Tried again when the object that is waited for changes.',
  stalled: 'Not tried again before the spec changes.',
};

export async function reasonsPage() {
  const { REASONS } = await import('../../../controller/model/reasons.ts');
  const of = (wanted) => Object.entries(REASONS).filter(([, reason]) => reason.class === wanted);
  return [
    ...opening('Reasons', 'controller/model/reasons.ts'),
    wrapped('Conditions, events, logs, metrics and errors name a failure by one of these reasons, with its remedy.'),
    '',
    ...Object.entries(CLASSES).flatMap(([name, meaning]) => [
      `## ${sentence(name).replace('.', '')}`,
      '',
      meaning,
      '',
      ...of(name).map(([reason, { remedy }]) => item(`${code(reason)}: ${remedy}`)),
      '',
    ]),
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}
