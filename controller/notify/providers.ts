import type { CommitState, CommitStatusSettings } from '../model/git.js';
import type { ReadErrorAnswer } from './answers.js';
import { readGithubError, readGitlabError } from './error-answers.js';

export type Provider = CommitStatusSettings['provider'];

/** The form in which a host of repositories accepts the state of a commit. */
export interface Protocol {
  path(repository: string, revision: string): string;
  headers(token: string): Readonly<Record<string, string>>;
  body(state: CommitState, context: string): unknown;
  readonly readErrorAnswer?: ReadErrorAnswer;
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
    readErrorAnswer: readGithubError,
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
    readErrorAnswer: readGitlabError,
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

/** Cuts a text between characters, so that no surrogate pair is split. */
function cut(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}
