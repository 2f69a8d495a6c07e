/** How a binary cache misbehaves. Properties add up; with none it is well. */
export interface Fault {
  /** Which requests, by path (`/<hash>.narinfo`, `/nar/….nar.xz`, `/nix-cache-info`); all when not given. */
  readonly paths?: RegExp | string;
  /** How many requests; all until `end` when not given. */
  readonly times?: number;
  /** No answer before `end`; then the answer, with the other properties. */
  readonly hold?: boolean;
  readonly delayMs?: number;
  /** An empty answer of this status. */
  readonly status?: number;
  /** The connection is cut after so many bytes of the body. */
  readonly cutAfterBytes?: number;
  readonly bytesPerSecond?: number;
  /** Bytes in the middle of the body are others. */
  readonly corrupt?: boolean;
  /** A narinfo's `Sig:` lines are left out. */
  readonly unsigned?: boolean;
}

export interface ActiveFault {
  /** Requests it has met so far. */
  hits(): number;
  /** Lets the requests it holds go on, and meets no other. */
  end(): void;
}

/** The faults in force: a later one is before an earlier one where both match. */
export function faultList() {
  const active: (ActiveFault & { readonly fault: Fault; meet(): void; readonly ended: Promise<void> })[] = [];

  function add(fault: Fault): ActiveFault {
    let hits = 0;
    let release = (): void => {};
    const ended = new Promise<void>((resolve) => (release = resolve));
    const remove = (): void => {
      const index = active.indexOf(one);
      if (index >= 0) active.splice(index, 1);
    };
    const one = {
      fault,
      ended,
      hits: () => hits,
      meet: () => {
        hits += 1;
        if (hits === fault.times) remove();
      },
      end: () => {
        remove();
        release();
      },
    };
    active.unshift(one);
    return one;
  }

  /** The fault for a request, which counts as met, and the promise that a held request waits for. */
  function meet(path: string): { readonly fault: Fault; readonly ended: Promise<void> } | null {
    const found = active.find(({ fault: { paths = path } }) =>
      typeof paths === 'string' ? paths === path : paths.test(path),
    );
    found?.meet();
    return found ?? null;
  }

  return { add, meet };
}

/** The body as the fault leaves it. */
export function spoil(body: Buffer, path: string, fault: Fault): Buffer {
  if (fault.unsigned && path.endsWith('.narinfo')) return Buffer.from(body.toString('utf8').replace(/^Sig:.*\n/gm, ''));
  if (!fault.corrupt) return body;
  const spoilt = Buffer.from(body);
  const middle = Math.floor(body.length / 2);
  for (let at = middle; at < Math.min(middle + 16, body.length); at += 1) spoilt[at] = (spoilt[at] ?? 0) ^ 0xff;
  return spoilt;
}
