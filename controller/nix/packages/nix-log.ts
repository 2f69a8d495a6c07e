import { stripVTControlCharacters } from 'node:util';

/**
 * Reader of Nix's `internal-json` log. Numbers of activities and results as in Nix's logging.hh, the same from 2.8 to
 * 2.26.
 */

const ACTIVITY = { copyPath: 100, copyPaths: 103, build: 105 } as const;
const RESULT = { buildLogLine: 101, progress: 105, setExpected: 106 } as const;
const LEVEL_ERROR = 0;
/** Warnings about what a substituter serves come as messages of this level. */
const LEVEL_WARN = 1;
const MOST_MESSAGES = 200;
const STEP_BYTES = 64 * 1024;

export interface RealisationProgress {
  /** The path that is fetched or built now; null between two. */
  readonly current: { readonly what: 'fetching' | 'building'; readonly path: string } | null;
  readonly bytesDone: number;
  /** 0 until Nix knows. */
  readonly bytesExpected: number;
  readonly pathsDone: number;
  readonly pathsExpected: number;
}

export interface NixLog {
  /** One line of the log, with or without `@nix `. */
  push(line: string): void;
  progress(): RealisationProgress;
  /**
   * The paths that were copied, with their NAR sizes; 0 for a small one, of which Nix does not tell. To be believed
   * when all went well.
   */
  fetched(): ReadonlyMap<string, number>;
  /** Nix's words, without colours: errors and warnings, and what was said outside of JSON. */
  messages(): readonly string[];
  /** The last lines of the builds. */
  buildLines(): readonly string[];
}

interface Activity {
  readonly type: number;
  readonly path: string;
  done: number;
  expected: number;
}

/** A log of which nothing has been read yet. */
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
    // Nix tells of every whole 64 KiB, so never of the last bytes, and of a small path nothing.
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

/** `hello-2.12` of `/nix/store/<hash>-hello-2.12`, also of a derivation. */
export function shortName(path: string): string {
  return path
    .replace(/^\/nix\/store\/[0-9a-z]{32}-/, '')
    .replace(/\/.*$/, '')
    .replace(/\.drv$/, '');
}

/** For a person: `fetching hello-2.12 (1.2 of 30.1 MiB, 3 of 10 paths)`. */
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
