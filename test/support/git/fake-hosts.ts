import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Provider } from '../../../controller/notify/providers.js';

export const TOKEN = 'hunter2-token';
export const REPOSITORY: Readonly<Record<Provider, string>> = {
  github: 'team/specs',
  gitlab: 'group/sub/specs',
  gitea: 'team/specs',
};

/** As the host shows it. */
export interface Shown {
  readonly state: string;
  readonly context: string;
  readonly description: string;
}

export interface HostAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The connection ends in the middle of the body. */
  readonly isCut?: boolean;
}

interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly json: Readonly<Record<string, unknown>>;
}

/** The states of a commit, the oldest first; null when the host has no such commit. */
type StatesOf = (revision: string | undefined) => Shown[] | null;

/** Takes a state in, or refuses it by the rules of the host. */
type Rules = (asked: Asked, statesOf: StatesOf) => HostAnswer;

const RULES: Readonly<Record<Provider, Rules>> = { github, gitlab, gitea };

/**
 * A real server on loopback that takes the states of the commits that `knows` names, as a host of repositories does.
 */
export async function openHost(provider: Provider, knows: (revision: string) => boolean) {
  const shown = new Map<string, Shown[]>();
  const answers: number[] = [];
  /** What it answers before its rules come to bear. */
  const moods: HostAnswer[] = [];
  const statesOf: StatesOf = (revision) => {
    if (revision === undefined || !knows(revision)) return null;
    const states = shown.get(revision) ?? [];
    shown.set(revision, states);
    return states;
  };
  const server = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url: path = '', headers } = request;
      const isPost =
        method === 'POST' && headers['content-type'] === 'application/json' && headers['user-agent'] === 'kalpana';
      const json = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Asked['json'];
      const answer = moods.shift() ?? (isPost ? RULES[provider]({ path, headers, json }, statesOf) : { status: 405 });
      answers.push(answer.status);
      give(reply, answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    moods,
    /** The codes of its answers so far. */
    answers,
    /** Of a commit, the oldest first. */
    shown: (revision: string): readonly Shown[] => shown.get(revision) ?? [],
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export type Host = Awaited<ReturnType<typeof openHost>>;

function give(reply: ServerResponse, { status, headers = {}, body = {}, isCut = false }: HostAnswer): void {
  const text = JSON.stringify(body);
  reply.writeHead(status, {
    'Content-Type': 'application/json',
    ...headers,
    ...(isCut ? { 'Content-Length': text.length + 100 } : {}),
  });
  if (isCut) reply.write(text, () => reply.destroy());
  else reply.end(text);
}

/** It hides what the token may not see, and counts characters. */
function github({ path, headers, json }: Asked, statesOf: StatesOf): HostAnswer {
  const { state, context, description } = json as unknown as Shown;
  if (headers['authorization'] !== `Bearer ${TOKEN}`) return { status: 401, body: { message: 'Bad credentials' } };
  if (headers['accept'] !== 'application/vnd.github+json' || headers['x-github-api-version'] !== '2022-11-28')
    return { status: 415 };
  const [, repository, sha] = /^\/repos\/([^/]+\/[^/]+)\/statuses\/([^/]+)$/.exec(path) ?? [];
  if (repository !== REPOSITORY.github) return { status: 404, body: { message: 'Not Found' } };
  const shown = statesOf(sha);
  if (shown === null) return { status: 422, body: { message: `No commit found for SHA: ${sha}` } };
  if (!['error', 'failure', 'pending', 'success'].includes(state))
    return { status: 422, body: { message: 'Validation Failed' } };
  if ([...description].length > 140)
    return { status: 422, body: { message: 'description is too long (maximum is 140 characters)' } };
  shown.push({ state, context, description });
  return { status: 201, body: json };
}

/** A status of it is a job: one that has not ended is moved on, by steps of which none leads to where it is. */
function gitlab({ path, headers, json }: Asked, statesOf: StatesOf): HostAnswer {
  const { state, name: context, description } = json as { state: string; name: string; description: string };
  if (headers['private-token'] !== TOKEN) return { status: 401, body: { message: '401 Unauthorized' } };
  const [, project, sha] = /^\/projects\/([^/]+)\/statuses\/([^/]+)$/.exec(path) ?? [];
  if (decodeURIComponent(project ?? '') !== REPOSITORY.gitlab)
    return { status: 404, body: { message: '404 Project Not Found' } };
  const shown = statesOf(sha);
  if (shown === null) return { status: 404, body: { message: '404 Commit Not Found' } };
  if (!['pending', 'running', 'success', 'failed', 'canceled', 'skipped'].includes(state))
    return { status: 400, body: { error: 'state does not have a valid value' } };
  if ([...description].length > 255)
    return { status: 400, body: { message: { description: ['is too long (maximum is 255 characters)'] } } };
  if (state === 'pending' && shown.at(-1)?.state === 'pending') {
    return {
      status: 400,
      body: {
        message:
          'Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via "enqueue")',
      },
    };
  }
  shown.push({ state, context, description });
  return { status: 201, body: json };
}

function gitea({ path, headers, json }: Asked, statesOf: StatesOf): HostAnswer {
  const { state, context, description } = json as unknown as Shown;
  if (headers['authorization'] !== `token ${TOKEN}`)
    return { status: 401, body: { message: 'invalid username, password or token' } };
  const [, repository, sha] = /^\/repos\/([^/]+\/[^/]+)\/statuses\/([^/]+)$/.exec(path) ?? [];
  const shown = repository === REPOSITORY.gitea ? statesOf(sha) : null;
  if (shown === null) return { status: 404, body: { message: "The target couldn't be found." } };
  if (!['pending', 'success', 'error', 'failure', 'warning'].includes(state)) return { status: 422 };
  shown.push({ state, context, description });
  return { status: 201, body: json };
}
