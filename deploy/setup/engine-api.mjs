// A Docker engine over HTTP with node's builtins alone: the set-up runs before node_modules exists, perhaps without a
// docker CLI.
import http from 'node:http';
import https from 'node:https';

/** An answer of 400 and above, or an error line inside a 200. */
export class EngineApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** `engine` is `unix:///path` or `tcp://host:port`; `tls` holds ca, cert and key where the engine wants them. */
function connection(engine, tls) {
  if (engine.startsWith('unix://')) return { client: http, where: { socketPath: engine.slice('unix://'.length) } };
  const url = new URL(engine.replace(/^tcp:/, tls ? 'https:' : 'http:'));
  if (!/^https?:$/.test(url.protocol))
    throw new EngineApiError(`${engine}: only unix:// and tcp:// engines are supported`);
  const where = { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port || (tls ? 2376 : 2375) };
  return tls ? { client: https, where: { ...where, ...tls } } : { client: http, where };
}

/**
 * One call; resolves with the body (parsed where it is JSON). Throws EngineApiError on a status of 400 and above.
 * `body` is an object (sent as JSON) or a Readable (sent as a tar). `idleMs` bounds the silence on the connection.
 */
export function call(engine, method, path, { body, tls, idleMs = 30_000, ignore = [] } = {}) {
  return new Promise((resolve, reject) => {
    const { client, where } = connection(engine, tls);
    const isStream = typeof body?.pipe === 'function';
    const headers = body ? { 'content-type': isStream ? 'application/x-tar' : 'application/json' } : {};
    const request = client.request({ ...where, method, path, headers, timeout: idleMs, agent: false }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const json = response.headers['content-type']?.includes('json') ? parseJson(text) : undefined;
        if (response.statusCode < 400 || ignore.includes(response.statusCode)) return resolve(json ?? text);
        reject(new EngineApiError(`${method} ${path}: ${json?.message ?? text}`, response.statusCode));
      });
    });
    request.on('timeout', () =>
      request.destroy(new EngineApiError(`${method} ${path}: no answer for ${idleMs / 1000} s`)),
    );
    request.on('error', reject);
    if (isStream) {
      body.on('error', (error) => request.destroy(error));
      body.pipe(request);
    } else {
      request.end(body ? JSON.stringify(body) : undefined);
    }
  });
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // progress comes as many JSON lines: see callWithProgress
  }
}

/** A call whose 200 is a list of JSON lines (pull, build, import): throws on an error line; resolves with the lines. */
export async function callWithProgress(engine, method, path, options) {
  const answer = await call(engine, method, path, { idleMs: 60_000, ...options });
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
  const lines = text.split('\n').map(parseJson).filter(Boolean);
  const failed = lines.find((line) => line.error);
  if (failed) throw new EngineApiError(failed.error);
  return lines;
}

/** Whether the engine answers a ping within `timeoutMs`. */
export async function answers(engine, { tls, timeoutMs = 3_000 } = {}) {
  try {
    await call(engine, 'GET', '/_ping', { tls, idleMs: timeoutMs });
    return true;
  } catch {
    return false;
  }
}
