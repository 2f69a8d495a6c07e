import type { CachePhase } from '../../model/cache-status.js';
import type { Phase } from '../../model/status.js';

export type Tone = 'good' | 'busy' | 'bad' | 'dim' | 'strong';

const CODES: Readonly<Record<Tone, number>> = { good: 32, busy: 33, bad: 31, dim: 2, strong: 1 };

/** Returns the text in the colour of a tone, or unchanged without `color` or a tone. */
export function paint(text: string, tone: Tone | null, color: boolean): string {
  return color && tone !== null && text !== '' ? `\u001b[${CODES[tone]}m${text}\u001b[0m` : text;
}

/** The tone in which a phase is shown. */
export function phaseTone(phase: Phase | CachePhase): Tone {
  switch (phase) {
    case 'Ready':
      return 'good';
    case 'Pending':
    case 'Starting':
    case 'Replacing':
    case 'Removing':
    case 'Waiting':
    case 'Held':
      return 'busy';
    case 'Degraded':
    case 'Stalled':
      return 'bad';
    case 'Stopped':
      return 'dim';
  }
}
