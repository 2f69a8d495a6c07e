import { spawnSync } from 'node:child_process';
import { transformFileSync } from '@swc/core';
import { describe, expect, it } from '@jest/globals';
import { Secret } from '../../../controller/model/secret.js';
import { createLogger, type LogFields } from '../../../controller/telemetry/logger.js';

function capture(options: { level?: 'debug' | 'info' | 'warn' | 'error'; pretty?: boolean } = {}) {
  const lines: string[] = [];
  const logger = createLogger({
    level: options.level ?? 'info',
    pretty: options.pretty ?? false,
    color: false,
    destination: { write: (line) => void lines.push(line) },
  });
  return { logger, lines, records: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('createLogger', () => {
  it('writes a JSON line with a level, a time, the facts and a static message', () => {
    const { logger, records } = capture();
    logger.child({ key: 'workspace/alice' }).info({ result: 'success' }, 'reconciled');
    expect(records()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        key: 'workspace/alice',
        result: 'success',
        msg: 'reconciled',
      },
    ]);
  });

  it('leaves out what is below its level', () => {
    const { logger, records } = capture({ level: 'warn' });
    logger.debug({}, 'a');
    logger.info({}, 'b');
    logger.warn({}, 'c');
    logger.error({}, 'd');
    expect(records().map(({ level }) => level)).toEqual(['warn', 'error']);
  });

  it('prints an error with its causes', () => {
    const { logger, records } = capture();
    logger.error({ error: new Error('outer', { cause: new Error('inner') }) }, 'failed');
    expect(records()[0]).toMatchObject({
      error: { type: 'Error', message: 'outer: inner', stack: expect.stringContaining('inner') },
    });
  });

  it.each<[string, LogFields]>([
    ['a Secret', { value: new Secret('hunter2') }],
    ['a token', { token: 'hunter2' }],
    ['a nested password', { registry: { auth: { password: 'hunter2' } } }],
    ['an environment', { container: { env: ['A=hunter2'] } }],
  ])('prints no secret: %s', (_name, fields) => {
    const { logger, lines } = capture();
    logger.info(fields, 'message');
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines).toHaveLength(1);
  });

  it('prints a line for people at a terminal, before the call returns', () => {
    const { logger, lines } = capture({ pretty: true });
    logger.warn({ key: 'workspace/alice' }, 'engine is away');
    expect(lines.join('')).toMatch(/^\[\d\d:\d\d:\d\d\] WARN: engine is away\n {4}key: "workspace\/alice"\n$/);
  });

  it.each([true, false])('loses no line when the process ends at once (pretty: %s)', (pretty) => {
    const { code } = transformFileSync('controller/telemetry/logger.ts', {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    });
    const script = `${code}
      const logger = createLogger({ level: 'info', pretty: ${pretty}, color: false });
      for (let i = 0; i < 200; i += 1) logger.info({}, 'line of the log');
      process.exit(0);`;
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(stderr.split('\n').filter((line) => line.includes('line of the log'))).toHaveLength(200);
  });
});
