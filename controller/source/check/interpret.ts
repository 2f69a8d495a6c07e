import type { JSONPath, Node } from 'jsonc-parser';
import type { SpecLocation, SpecProblem } from '../../model/desired.js';
import type { NixCache } from '../../model/nix-cache.generated.js';
import type { Workspace } from '../../model/workspace.generated.js';
import { checkObject, isForeign, isObject, kindMeant, MAX_PROBLEMS } from './check-object.js';
import type { Fields } from './check-object.js';
import { define } from './define.js';
import { offsetOf, pathText } from '../parse/locate.js';
import type { Issue } from '../parse/locate.js';
import { parseBytes } from '../parse/parse-bytes.js';
import type { ParsedText, Unparsed } from '../parse/parse-bytes.js';
import { escapeControls, quote } from '../parse/problem.js';
import type { SpecSchemas } from './schema.js';
import type { Definition, Refusal, SpecFile } from '../parse/spec-file.js';
import { nearest } from './suggest.js';

const MAX_ITEMS = 10_000;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LIST_FIELDS: readonly string[] = ['$schema', 'apiVersion', 'kind', 'metadata', 'items'];

export interface Place {
  readonly source: string;
  readonly file: string;
}

/** Awaited between pieces of work; it may reject to end the work. */
type Breathe = () => Promise<void>;

/** Reads what the bytes of a file define. Invalid input of any kind becomes problems, never an exception. */
export async function interpret(
  schemas: SpecSchemas,
  bytes: Uint8Array,
  place: Place,
  breathe: Breathe,
): Promise<SpecFile> {
  const outcome = parseBytes(bytes);
  await breathe();
  if ('failed' in outcome) return unparsedFile(place, outcome.failed);
  const text = outcome.ok;
  const reader = createObjectReader(schemas, place, text);
  const root = text.value;
  if (isObject(root) && root.kind === 'List') await readList(reader, root, text.tree, breathe);
  else if (Array.isArray(root))
    reader.refuse([], 'must be an object, not a list: write {"kind": "List", "items": […]}');
  else reader.read(root, text.tree);
  return reader.file();
}

async function readList(reader: ObjectReader, list: Fields, tree: Node, breathe: Breathe): Promise<void> {
  for (const key of Object.keys(list)
    .filter((field) => !LIST_FIELDS.includes(field))
    .slice(0, MAX_PROBLEMS)) {
    const meant = nearest(key, LIST_FIELDS);
    reader.refuse([key], `unknown field of a List; ${meant ? `did you mean ${quote(meant)}?` : 'remove it'}`, 'key');
  }
  const { items } = list;
  if (!Array.isArray(items))
    return reader.refuse(
      ['items'],
      items === undefined ? 'a List needs "items": add them' : 'must be a list of Workspaces and NixCaches',
    );
  if (items.length > MAX_ITEMS)
    return reader.refuse(
      ['items'],
      `holds ${items.length} items, at most ${MAX_ITEMS}: split the List into several files`,
    );
  const nodes =
    tree.children?.find((property) => property.children?.[0]?.value === 'items')?.children?.[1]?.children ?? [];
  for (const [index, item] of (items as unknown[]).entries()) {
    const node = nodes[index];
    if (!node) continue;
    if (isObject(item) && item.kind === 'List')
      reader.refuse(['items', index], 'a List holds no other List: put its items into this one');
    else reader.read(item, node);
    await breathe();
  }
}

interface ObjectReader {
  read(value: unknown, node: Node): void;
  refuse(path: JSONPath, message: string, at?: Issue['at']): void;
  file(): SpecFile;
}

function createObjectReader(schemas: SpecSchemas, place: Place, text: ParsedText): ObjectReader {
  const definitions: Definition[] = [];
  const refusals: Refusal[] = [];
  const problems: SpecProblem[] = [];
  let hidesNames = false;

  const locate = (node: Node, path: JSONPath, at?: Issue['at']): SpecLocation => ({
    ...place,
    ...text.position(offsetOf(node, path, at)),
  });

  const addRefusal = (claim: Claim, issues: readonly Issue[], node: Node): void => {
    const found = issues
      .slice(0, MAX_PROBLEMS)
      .map((issue): SpecProblem => ({
        location: locate(node, issue.path, issue.at),
        workspace: workspaceIn(claim),
        message: issueText(issue),
      }))
      .sort((a, b) => a.location.line - b.location.line || a.location.column - b.location.column);
    if (found[0]) refusals.push({ ...claim, problem: found[0] });
    problems.push(...found.slice(0, MAX_PROBLEMS - problems.length));
  };

  return {
    read(value, node) {
      const issues = checkObject(schemas, value, Math.max(1, MAX_PROBLEMS - problems.length));
      if (issues.length === 0) {
        definitions.push(define(value as Workspace | NixCache, (path) => locate(node, path)));
        return;
      }
      const claim = { name: nameIn(value), kind: kindMeant(isObject(value) ? value.kind : null) };
      if (claim.name === null && !(isObject(value) && isForeign(value))) hidesNames = true;
      addRefusal(claim, issues, node);
    },
    refuse(path, message, at = 'value') {
      hidesNames = true;
      addRefusal({ name: null, kind: null }, [{ path, at, message }], text.tree);
    },
    file: () => ({ ...place, definitions, refusals, problems, hidesNames, mayBePartial: false }),
  };
}

function unparsedFile(place: Place, failed: Unparsed): SpecFile {
  const { tree } = failed;
  const name = tree ? nameIn({ metadata: { name: stringAt(tree, ['metadata', 'name']) } }) : null;
  const kind = tree ? kindMeant(stringAt(tree, ['kind'])) : null;
  const location = { ...place, line: failed.line, column: failed.column };
  const problem: SpecProblem = { location, workspace: workspaceIn({ name, kind }), message: failed.message };
  // The name found in a broken text is the only one if the text consists of a single object.
  const mayHoldMore =
    tree?.type !== 'object' ||
    stringAt(tree, ['kind']) === 'List' ||
    (tree.children ?? []).some((property) => property.children?.[0]?.value === 'items');
  return {
    ...place,
    definitions: [],
    refusals: [{ name, kind, problem }],
    problems: [problem],
    hidesNames: name === null || mayHoldMore,
    mayBePartial: failed.mayBePartial,
  };
}

function stringAt(tree: Node, path: readonly string[]): unknown {
  let node: Node | undefined = tree;
  for (const key of path)
    node = node?.children?.find((property) => property.children?.[0]?.value === key)?.children?.[1];
  return node?.value as unknown;
}

type Claim = Pick<Refusal, 'name' | 'kind'>;

/** The workspace that a broken object describes, or may describe. */
function workspaceIn({ name, kind }: Claim): string | null {
  return kind === 'NixCache' ? null : name;
}

/** The object's name, or null when it has no valid one. */
function nameIn(value: unknown): string | null {
  const metadata = isObject(value) ? value.metadata : null;
  const name = isObject(metadata) ? metadata.name : null;
  return typeof name === 'string' && DNS_LABEL.test(name) ? name : null;
}

function issueText(issue: Issue): string {
  const path = pathText(issue.path, quote);
  return escapeControls(path === '' ? issue.message : `${path}: ${issue.message}`);
}
