import type { CliIo } from '../io.js';
import { createGcProgress } from '../text/gc-progress.js';
import { refusalOf } from './ask.js';
import { streamFromController } from './control-stream.js';

interface Progress {
  readonly type: 'progress';
  readonly cache: string;
  readonly message: string;
}

interface Refused {
  readonly type: 'refused';
  readonly cache: string;
  readonly message: string;
}

export interface OutcomeRequest {
  readonly stateDir: string;
  readonly cache: string;
  readonly action: 'gc' | 'verify';
  readonly body: object;
  /** Ends the wait, not the run. */
  readonly signal: AbortSignal | undefined;
}

/** Has the controller do something long with a cache, shows its progress, and resolves with the last of its news. */
export async function outcomeOf<News extends { readonly type: string }>(
  io: CliIo,
  { stateDir, cache, action, body, signal }: OutcomeRequest,
): Promise<Exclude<News, Progress> | Refused> {
  const progress = createGcProgress(io);
  const outcome: { last: Exclude<News, Progress> | null } = { last: null };

  function onNews(value: unknown): void {
    // Our own server sends values of this shape.
    const news = value as Progress | Exclude<News, Progress>;
    if (isProgress(news)) progress.report(news.cache, news.message);
    else outcome.last = news;
  }

  try {
    const path = `/api/v1/caches/${encodeURIComponent(cache)}/${action}`;
    const refusal = await streamFromController(stateDir, path, body, onNews, { signal });
    if (refusal !== null) return { type: 'refused', cache, message: refusalOf(refusal) };
  } finally {
    progress.end();
  }
  if (outcome.last === null)
    throw new Error(
      `${cache}: the controller's answer ended before its result; look at kalpana describe cache ${cache}`,
    );
  return outcome.last;
}

function isProgress(news: { readonly type: string }): news is Progress {
  return news.type === 'progress';
}
