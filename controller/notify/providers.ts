import type { CommitState, CommitStatusSettings } from '../model/git.js';
import type { ReadRefusal } from './answers.js';
import { readGithubRefusal, readGitlabRefusal } from './error-answers.js';

export type Provider = CommitStatusSettings['provider'];

/** How a host of repositories wants to be told of a commit's state. */
export interface Protocol {
  path(repository: string, revision: string): string;
  headers(token: string): Readonly<Record<string, string>>;
  body(state: CommitState, context: string): unknown;
  readonly readRefusal?: ReadRefusal;
}

export const PROTOCOLS: Readonly<Record<Provider, Protocol>> = {
  github: {
    path: ownerPath,
    headers: (token) => ({
      Authorization: `Bearer ${token}`,
      Accept: 'application/vnd.github+json',
      'X-GitHub-Api-Version': '2022-11-28',
    }),
    body: ({ state, description }, context) => ({ state, context, description: cut(description, 140) }),
    readRefusal: readGithubRefusal,
  },
  gitlab: {
    path: (repository, revision) =>
      `/projects/${encodeURIComponent(repository)}/statuses/${encodeURIComponent(revision)}`,
    headers: (token) => ({ 'PRIVATE-TOKEN': token }),
    body: ({ state, description }, context) => ({
      state: state === 'failure' ? 'failed' : state,
      name: context,
      description: cut(description, 255),
    }),
    readRefusal: readGitlabRefusal,
  },
  gitea: {
    path: ownerPath,
    headers: (token) => ({ Authorization: `token ${token}` }),
    body: ({ state, description }, context) => ({ state, context, description: cut(description, 255) }),
  },
};

function ownerPath(repository: string, revision: string): string {
  return `/repos/${repository.split('/').map(encodeURIComponent).join('/')}/statuses/${encodeURIComponent(revision)}`;
}

/** By characters, so that none is halved. */
function cut(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}
