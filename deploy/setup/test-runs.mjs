// The parts of a test run: each is timed, its output kept together, its failure counted; all end together on a signal.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { kalpanaDir, root } from './paths.mjs';
import { SetupError, say, seconds } from './say.mjs';

const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];

/** The variable of a run that plays every variant and more random cases; `test/support/cases.ts` reads it. */
export const LONG = { KALPANA_TEST_LONG: '1' };

const SLOWEST = 10;

/** Keeps the results and the processes under way of one run. */
export function testRun() {
  const results = [];
  /** Seconds of each test file, in a part of the run. */
  const files = [];
  const children = new Set();
  let stopped = null;

  /** Runs one part; a part that throws has failed, and the run goes on. Gives what `work` gave, or undefined. */
  async function part(name, work) {
    if (stopped) return undefined;
    const started = performance.now();
    const result = blank(name);
    let value;
    try {
      value = await work(result);
    } catch (error) {
      Object.assign(result, { passed: 0, failed: 1, note: stopped ?? 'failed' });
      say(`--- ${name} failed\n${error instanceof SetupError ? error.message : error.stack}`);
    }
    result.ok = result.failed === 0;
    result.time = seconds(started);
    results.push(result);
    say(`${result.ok ? 'ok  ' : 'FAIL'} ${name} (${result.time})${result.note ? `: ${result.note}` : ''}`);
    return result.ok ? (value ?? true) : undefined;
  }

  /** For what fails outside of a part, also after a signal. */
  function fail(name, error) {
    results.push({ ...blank(name), ok: false, passed: 0, failed: 1, note: error.message });
  }

  /** In a process group of its own, so that what a test left running ends with it. */
  function exec([command, ...args], { env, inherit = false, limitMs = 3_600_000 } = {}) {
    return new Promise((resolve, reject) => {
      const stdio = inherit ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'];
      const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio, detached: true });
      children.add(child);
      const limit = setTimeout(() => endGroup(child), limitMs);
      let text = '';
      child.stdout?.on('data', (chunk) => (text += chunk));
      child.stderr?.on('data', (chunk) => (text += chunk));
      child.on('error', reject);
      child.on('close', (code, signal) => {
        clearTimeout(limit);
        children.delete(child);
        endGroup(child);
        resolve({ code: code ?? 1, text, signal });
      });
    });
  }

  /** A tool that says nothing when all is well. */
  async function tool(args) {
    const { code, text } = await exec([process.execPath, ...args]);
    if (code !== 0) throw new SetupError(text.trimEnd());
  }

  /** A run of jest over projects; its tests are what the part counts. */
  async function jest(result, { projects, node = process.execPath, args = [], workers, wrap = (words) => words, env }) {
    const file = join(kalpanaDir, 'test-results', `${process.pid}-${result.name.replace(/\W+/g, '-')}.json`);
    mkdirSync(join(kalpanaDir, 'test-results'), { recursive: true });
    const parallel = workers === undefined ? [] : ['--maxWorkers', String(workers)];
    // A pattern after --selectProjects would be taken for one more project.
    const own = [...parallel, '--json', '--outputFile', file, '--selectProjects', ...projects];
    const words = [node, ...JEST, ...args, ...own];
    const { code, signal } = await exec(wrap(words), { inherit: true, env });
    const counts = countsOf(file);
    if (!counts) throw new SetupError(`jest ended with ${signal ?? `code ${code}`} and no result`);
    for (const { name, startTime, endTime } of counts.testResults)
      files.push({ part: result.name, name: relative(root, name), seconds: (endTime - startTime) / 1000 });
    const failed = counts.numFailedTests + counts.numRuntimeErrorTestSuites;
    Object.assign(result, {
      passed: counts.numPassedTests,
      failed: failed || Number(code !== 0),
      skipped: counts.numPendingTests,
    });
    result.note = `${result.passed} passed, ${result.failed} failed`;
  }

  function stop(signal) {
    stopped = `stopped by ${signal}`;
    for (const child of children) endGroup(child);
  }

  return { results, files, part, fail, tool, jest, exec, stop, stoppedBy: () => stopped };
}

function blank(name) {
  return { name, ok: true, passed: 1, failed: 0, skipped: 0, time: '', note: '' };
}

function endGroup(child) {
  try {
    process.kill(-child.pid, 'SIGTERM');
    setTimeout(() => killGroup(child), 3_000).unref();
  } catch {
    return; // the group has ended
  }
}

function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    return;
  }
}

function countsOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  } finally {
    rmSync(file, { force: true });
  }
}

/** The closing lines; gives the exit code. */
export function summarize({ results, files }, startedAt) {
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  saySlowest(files);
  say('');
  for (const { name, ok, time, note } of results)
    say(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(32)} ${time.padStart(8)}  ${note}`);
  say(`all in ${seconds(startedAt)}`);
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
  say(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed === 0 ? 0 : 1;
}

function saySlowest(files) {
  if (files.length < 2) return;
  say(`\nthe slowest of ${files.length} test files:`);
  const slowest = [...files].sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
  for (const { part, name, seconds: took } of slowest) say(`${took.toFixed(1).padStart(7)} s  ${name}  (${part})`);
}
