import { stripVTControlCharacters } from 'node:util';

/**
 * Parses Nix's `internal-json` log. The numbers of activities and results are those of Nix's logging.hh, unchanged from
 * 2.8 to 2.26.
 */

const ACTIVITY = { copyPath: 100, copyPaths: 103, build: 105 } as const;
const RESULT = { buildLogLine: 101, progress: 105, setExpected: 106 } as const;
const LEVEL_ERROR = 0;
/** Warnings about what a substituter serves have this level. */
const LEVEL_WARN = 1;
const MOST_MESSAGES = 200;
const STEP_BYTES = 64 * 1024;

export interface RealisationProgress {
  /** The path that is being fetched or built, or null between two paths. */
  readonly current: { readonly what: 'fetching' | 'building'; readonly path: string } | null;
  readonly bytesDone: number;
  /** The expected bytes; 0 until Nix knows them. */
  readonly bytesExpected: number;
  readonly pathsDone: number;
  readonly pathsExpected: number;
}

export interface NixLog {
  /** Reads one line of the log, with or without the prefix `@nix `. */
  push(line: string): void;
  progress(): RealisationProgress;
  /**
   * The copied paths with their NAR sizes; the size of a small path is 0, because Nix does not report it. Reliable only
   * after a successful run.
   */
  fetched(): ReadonlyMap<string, number>;
  /** Nix's messages without colours: errors, warnings, and lines that are not JSON. */
  messages(): readonly string[];
  /** The last lines of the output of builds. */
  buildLines(): readonly string[];
}

interface Activity {
  readonly type: number;
  readonly path: string;
  done: number;
  expected: number;
}

/** Creates a parser that has not read anything yet. */
export function createNixLog(): NixLog {
  const active = new Map<number, Activity>();
  const fetched = new Map<string, number>();
  const messages: string[] = [];
  const buildLines: string[] = [];
  let finishedBytes = 0;
  let expectedBytes = 0;
  let paths = { done: 0, expected: 0 };

  const keep = (list: string[], text: string) => {
    if (text.trim() === '') return;
    list.push(text);
    if (list.length > MOST_MESSAGES) list.shift();
  };

  function onStart(entry: Entry): void {
    const path = String(entry.fields?.[0] ?? '');
    active.set(entry.id ?? 0, { type: entry.type ?? 0, path, done: 0, expected: 0 });
  }

  function onStop(id: number): void {
    const activity = active.get(id);
    active.delete(id);
    if (activity?.type !== ACTIVITY.copyPath) return;
    // Nix reports progress at every full 64 KiB, so it never reports the last bytes, and nothing about a small path.
    const isWhole = activity.expected - activity.done < STEP_BYTES;
    finishedBytes += isWhole ? activity.expected : activity.done;
    if (isWhole) fetched.set(activity.path, activity.expected);
  }

  function onResult({ id = 0, type, fields = [] }: Entry): void {
    const activity = active.get(id);
    const [first, second] = fields.map(Number);
    if (type === RESULT.buildLogLine) return keep(buildLines, plain(String(fields[0] ?? '')));
    if (type === RESULT.setExpected && first === ACTIVITY.copyPath)
      expectedBytes = Math.max(expectedBytes, second ?? 0);
    if (type !== RESULT.progress || activity === undefined) return;
    if (activity.type === ACTIVITY.copyPath) Object.assign(activity, { done: first ?? 0, expected: second ?? 0 });
    if (activity.type === ACTIVITY.copyPaths) paths = { done: first ?? 0, expected: second ?? 0 };
  }

  return {
    push(line) {
      const entry = parse(line);
      if (entry === null) return keep(messages, plain(line));
      if (entry.action === 'start') onStart(entry);
      else if (entry.action === 'stop') onStop(entry.id ?? 0);
      else if (entry.action === 'result') onResult(entry);
      else if (entry.action === 'msg' && (entry.level === LEVEL_ERROR || entry.level === LEVEL_WARN))
        keep(messages, plain(entry.msg ?? ''));
    },
    progress() {
      const under = [...active.values()];
      const copies = under.filter(({ type }) => type === ACTIVITY.copyPath);
      const copy = copies.at(-1);
      const build = under.findLast(({ type }) => type === ACTIVITY.build);
      const current =
        copy !== undefined
          ? ({ what: 'fetching', path: copy.path } as const)
          : build !== undefined
            ? ({ what: 'building', path: build.path } as const)
            : null;
      const bytesDone = copies.reduce((sum, { done }) => sum + done, finishedBytes);
      return {
        current,
        bytesDone,
        bytesExpected: Math.max(expectedBytes, bytesDone),
        pathsDone: paths.done,
        pathsExpected: paths.expected,
      };
    },
    fetched: () => fetched,
    messages: () => messages,
    buildLines: () => buildLines,
  };
}

interface Entry {
  readonly action?: string;
  readonly id?: number;
  readonly type?: number;
  readonly level?: number;
  readonly msg?: string;
  readonly fields?: readonly unknown[];
}

function parse(line: string): Entry | null {
  if (!line.startsWith('@nix ')) return null;
  try {
    const value: unknown = JSON.parse(line.slice('@nix '.length));
    return value !== null && typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll('’', "'").replaceAll('‘', "'");
}

/** Extracts `hello-2.12` from `/nix/store/<hash>-hello-2.12`, or from the path of a derivation. */
export function shortName(path: string): string {
  return path
    .replace(/^\/nix\/store\/[0-9a-z]{32}-/, '')
    .replace(/\/.*$/, '')
    .replace(/\.drv$/, '');
}

/** Describes the progress for a person: `fetching hello-2.12 (1.2 of 30.1 MiB, 3 of 10 paths)`. */
export function progressWords({
  current,
  bytesDone,
  bytesExpected,
  pathsDone,
  pathsExpected,
}: RealisationProgress): string {
  const what = current === null ? 'realising' : `${current.what} ${shortName(current.path)}`;
  const bytes = bytesExpected > 0 ? `${mebibytes(bytesDone)} of ${mebibytes(bytesExpected)} MiB` : '';
  const paths = pathsExpected > 0 ? `${pathsDone} of ${pathsExpected} paths` : '';
  const numbers = [bytes, paths].filter((text) => text !== '').join(', ');
  return numbers === '' ? what : `${what} (${numbers})`;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
