import type { CallOptions, DockerPort } from '../../../controller/docker/port.js';
import { delay, type Clock } from '../../../controller/model/clock.js';
import type { EngineEvent } from '../../../controller/model/engine-objects.js';
import { containerEffects, settleMs, type Effects } from './fake-engine-containers.js';
import { aborted, serverError, timedOut, unreachable } from './fake-engine-errors.js';
import { createEventHub } from './fake-engine-events.js';
import { createHands, type Hands } from './fake-engine-hands.js';
import { endContainer, restartByPolicy } from './fake-engine-lifecycle.js';
import { insideEffects } from './fake-engine-inside.js';
import { objectEffects } from './fake-engine-objects.js';
import {
  createEngineState,
  isRunning,
  type EngineCore,
  type EngineState,
  type ExecHandler,
} from './fake-engine-state.js';

export type Verb = keyof Effects;

/** One call of a port on its way through the engine. */
export interface EngineCall {
  readonly verb: Verb;
  readonly args: readonly unknown[];
  /** From 1, over the engine's life. */
  readonly number: number;
}

/** `before`: refused or lost on the way there; `lost`: done, and the answer lost; the others are what they say. */
export type Fault =
  'none' | 'before' | 'refused' | 'lost' | 'timeout-before' | 'timeout-after' | 'crash-before' | 'crash-after';

export interface FakeEngineOptions {
  readonly clock: Clock;
  /** Milliseconds from the caller to the engine, and back again; 0 takes no virtual time. */
  readonly latencyMs?: (verb: Verb) => number;
  readonly isEventLost?: (event: EngineEvent) => boolean;
  /** What commands in containers do; left out, they end well and say nothing. */
  readonly exec?: ExecHandler;
}

export interface PortOptions {
  readonly fault?: (call: EngineCall) => Fault;
  /** The caller dies; nothing of it goes on. */
  readonly onCrash?: () => void;
  /** Around the effect, at the instant it takes place. */
  readonly onEffect?: (call: EngineCall, phase: 'before' | 'after') => void;
}

export interface FakeEngine {
  readonly state: EngineState;
  /** What people do on the engine behind the controller's back. */
  readonly hands: Hands;
  /** A caller's way to the engine; after `cut` nothing passes in either direction. */
  connect(options?: PortOptions): { readonly port: DockerPort; cut(): void };
  /** All calls that took effect or were tried, in their order. */
  readonly calls: EngineCall[];
  /** Every call fails and every stream ends; containers live on. */
  goAway(): void;
  /** Containers end with it. */
  shutDown(): void;
  comeBack(): void;
  cutEvents(): void;
}

const TIMEOUT_MS = 60_000;

export function createFakeEngine({
  clock,
  latencyMs = () => 0,
  isEventLost = () => false,
  exec = () => ({ exitCode: 0 }),
}: FakeEngineOptions): FakeEngine {
  const hub = createEventHub(isEventLost);
  const calls: EngineCall[] = [];
  let ids = 0;
  let lastTime = 0;
  const core: EngineCore = {
    state: createEngineState(),
    clock,
    up: true,
    streams: new Set(),
    newId: () => (++ids).toString(16).padStart(12, '0').padEnd(64, 'e'),
    emit(event) {
      lastTime = Math.max(clock.now() / 1_000, lastTime + 1e-6);
      if (core.up) hub.emit({ ...event, time: lastTime });
    },
  };
  const effects: Effects = { ...containerEffects(core), ...objectEffects(core), ...insideEffects(core, exec) };

  function connect({ fault = () => 'none', onCrash = () => {}, onEffect = () => {} }: PortOptions = {}): {
    port: DockerPort;
    cut(): void;
  } {
    let isCut = false;

    async function travel(verb: Verb, signal: AbortSignal | undefined): Promise<void> {
      const ms = latencyMs(verb);
      if (ms > 0) await delay(clock, ms, signal);
      if (isCut) await never();
      if (signal?.aborted) throw aborted(verb);
    }

    async function pass<V extends Verb>(
      verb: V,
      args: readonly unknown[],
      signal: AbortSignal | undefined,
    ): Promise<Awaited<ReturnType<Effects[V]>>> {
      if (isCut) await never();
      if (signal?.aborted) throw aborted(verb);
      const call = { verb, args, number: calls.push({ verb, args, number: calls.length + 1 }) };
      const what = fault(call);
      if (what === 'crash-before') return crash();
      await travel(verb, signal);
      if (!core.up || what === 'before') throw unreachable(verb);
      if (what === 'refused') throw serverError(verb, 'the engine is out of sorts');
      if (what === 'timeout-before') return timeout(verb, signal);
      const settle = settleMs(core, verb, args);
      onEffect(call, 'before');
      const effect = (effects[verb] as (...all: readonly unknown[]) => ReturnType<Effects[V]>)(...args);
      onEffect(call, 'after');
      // Nobody may be left to hear of a command's end.
      if (effect instanceof Promise) effect.catch(() => undefined);
      if (what === 'crash-after') return crash();
      if (what === 'timeout-after') return timeout(verb, signal);
      if (settle > 0) await delay(clock, settle, signal);
      const result = (effect instanceof Promise ? await unlessAborted(verb, effect, signal) : effect) as Awaited<
        ReturnType<Effects[V]>
      >;
      await travel(verb, signal);
      if (!core.up || what === 'lost') throw unreachable(verb);
      return result;
    }

    async function timeout(verb: Verb, signal: AbortSignal | undefined): Promise<never> {
      await delay(clock, TIMEOUT_MS, signal);
      if (isCut) await never();
      throw signal?.aborted ? aborted(verb) : timedOut(verb);
    }

    function crash(): Promise<never> {
      isCut = true;
      onCrash();
      return never();
    }

    return { port: { ...verbsOf(effects, pass), events }, cut: () => void (isCut = true) };

    async function* events(
      request: Parameters<DockerPort['events']>[0],
      { signal }: { readonly signal: AbortSignal },
    ): AsyncGenerator<EngineEvent> {
      if (isCut) await never();
      if (!core.up) throw unreachable('events');
      for await (const event of hub.subscribe(request, signal)) {
        if (isCut) await never();
        yield event;
      }
    }
  }

  return {
    state: core.state,
    hands: createHands(core, effects),
    connect,
    calls,
    goAway() {
      core.up = false;
      hub.cut();
      cutStreams(core);
    },
    shutDown() {
      core.up = false;
      hub.cut();
      cutStreams(core);
      for (const container of core.state.containers.values())
        if (isRunning(container)) endContainer(core, container, 143);
    },
    comeBack() {
      if (core.up) return;
      core.up = true;
      restartByPolicy(core);
    },
    cutEvents: () => hub.cut(),
  };
}

type Pass = <V extends Verb>(
  verb: V,
  args: readonly unknown[],
  signal: AbortSignal | undefined,
) => Promise<Awaited<ReturnType<Effects[V]>>>;

/** Each verb's options are its last parameter; the number before it differs. */
const ARITY: Readonly<Record<Verb, number>> = {
  version: 0,
  listContainers: 1,
  inspectContainer: 1,
  createContainer: 2,
  startContainer: 1,
  stopContainer: 2,
  unpauseContainer: 1,
  renameContainer: 2,
  updateContainer: 2,
  removeContainer: 2,
  tailContainer: 2,
  statPath: 2,
  readLink: 2,
  listVolumes: 0,
  createVolume: 2,
  removeVolume: 1,
  listNetworks: 0,
  createNetwork: 2,
  connectNetwork: 2,
  disconnectNetwork: 2,
  inspectImage: 1,
  pullImage: 2,
  exec: 2,
  pathEntries: 3,
  copyPath: 2,
  putDirectories: 3,
};

function verbsOf(effects: Effects, pass: Pass): Omit<DockerPort, 'events'> {
  const verbs = (Object.keys(effects) as Verb[]).map((verb) => {
    const call = (...args: readonly unknown[]) =>
      pass(verb, args.slice(0, ARITY[verb]), (args[ARITY[verb]] as CallOptions | undefined)?.signal);
    return [verb, call] as const;
  });
  return Object.fromEntries(verbs) as unknown as Omit<DockerPort, 'events'>;
}

function cutStreams(core: EngineCore): void {
  for (const cut of [...core.streams]) cut();
}

function unlessAborted<T>(verb: Verb, work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(aborted(verb));
    signal.addEventListener('abort', onAbort, { once: true });
    work
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort))
      .catch(() => undefined);
    if (signal.aborted) onAbort();
  });
}

function never(): Promise<never> {
  return new Promise(() => {});
}
