/** The figures as a person reads them: tables as the stages end, and the goals at the end. */
export interface Report {
  say(line: string): void;
  title(text: string): void;
  /** One row: least, middle and most of the samples. */
  row(name: string, unit: Unit, samples: readonly number[]): void;
  note(text: string): void;
  goal(goal: Goal): void;
  goals(): void;
}

export interface Goal {
  readonly name: string;
  readonly limit: string;
  readonly figure: string;
  readonly met: boolean;
}

export type Unit = 's' | 'ms' | 'x' | '%' | 'MB';

const NAME_WIDTH = 56;

export function createReport(write: (text: string) => void): Report {
  const goals: Goal[] = [];
  const say = (line: string) => write(`${line}\n`);
  return {
    say,
    title(text) {
      say('');
      say(text);
      say(`${' '.repeat(NAME_WIDTH + 2)}${['min', 'median', 'max'].map((word) => word.padStart(11)).join('')}`);
    },
    row(name, unit, samples) {
      const figures = [Math.min(...samples), median(samples), Math.max(...samples)];
      say(`  ${name.padEnd(NAME_WIDTH)}${figures.map((value) => figure(value, unit).padStart(11)).join('')}`);
    },
    note: (text) => say(`  ${text}`),
    goal: (goal) => void goals.push(goal),
    goals() {
      say('');
      say(`${'goals'.padEnd(NAME_WIDTH + 2)}${'goal'.padStart(11)}${'figure'.padStart(11)}`);
      for (const { name, limit, figure: reached, met } of goals) {
        say(`  ${name.padEnd(NAME_WIDTH)}${limit.padStart(11)}${reached.padStart(11)}  ${met ? 'met' : 'missed'}`);
      }
    },
  };
}

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) throw new Error('no samples');
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Of samples taken side by side: what slows the machine slows both. */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.map((value, index) => value / theirs[index]!);
}

/** Times are in milliseconds, sizes in bytes. */
export function figure(value: number, unit: Unit): string {
  switch (unit) {
    case 's':
      return `${(value / 1_000).toFixed(2)} s`;
    case 'ms':
      return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
    case 'x':
      return `${value.toFixed(2)} x`;
    case '%':
      return `${value.toFixed(2)} %`;
    case 'MB':
      return `${(value / 1e6).toFixed(0)} MB`;
  }
}
