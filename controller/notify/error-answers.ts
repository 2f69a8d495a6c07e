import type { ErrorAnswer, Meaning } from './answers.js';

/** How long GitHub wants a client to wait when it does not say how long a limit lasts. */
const UNKNOWN_LIMIT_MS = 60_000;

/**
 * Recognizes GitHub's rate limits, which are answered with 429 or 403; 403 is also the answer to a token without
 * permission. A header or the text tells them apart; `X-RateLimit-Reset` says when the hourly limit ends (GitHub, "Rate
 * limits for the REST API").
 */
export async function readGithubError({ status, headers, nowMs, text }: ErrorAnswer): Promise<Meaning | null> {
  if (status !== 403 && status !== 429) return null;
  const limit = (afterMs: number): Meaning => ({ kind: 'passes', words: 'its rate limit is reached', afterMs });
  if (headers.has('retry-after')) return limit(0);
  if (headers.get('x-ratelimit-remaining') === '0') return limit(untilMs(headers.get('x-ratelimit-reset'), nowMs));
  return status === 429 || /rate limit/i.test(await text()) ? limit(UNKNOWN_LIMIT_MS) : null;
}

/**
 * Recognizes two refusals of GitLab: a state that the commit already has, and a second request for a commit while the
 * first one is still processed.
 */
export async function readGitlabError({ status, text }: ErrorAnswer): Promise<Meaning | null> {
  if (status === 409) return { kind: 'passes', words: 'another update of the commit is under way', afterMs: 0 };
  return status === 400 && (await text()).includes('Cannot transition status') ? { kind: 'delivered' } : null;
}

/** The time in ms from `nowMs` to `text`, which is in seconds since the epoch. */
function untilMs(text: string | null, nowMs: number): number {
  return /^\d+$/.test(text ?? '') ? Number(text) * 1000 - nowMs : UNKNOWN_LIMIT_MS;
}
