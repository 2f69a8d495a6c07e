import { EngineError, type DockerPort, type EngineFailureKind } from '../../../controller/docker/port.js';
import type { ContainerDefinition } from '../../../controller/model/engine-objects.js';

/** An engine to compare: real or fake. Names are made from `prefix`, and all of them are removed afterwards. */
export interface EngineUnderTest {
  readonly docker: DockerPort;
  readonly image: string;
  readonly prefix: string;
  /** A host port that nobody uses. */
  readonly hostPort: number;
  /** The controller pauses nothing; people do. */
  pause(container: string): Promise<void>;
}

export interface EngineBehaviour {
  readonly title: string;
  /** What it comes to, in words that are the same on every engine. */
  readonly expected: string;
  run(engine: EngineUnderTest): Promise<string>;
}

export function definition(
  { image, prefix }: EngineUnderTest,
  more: Partial<ContainerDefinition> = {},
): ContainerDefinition {
  const limits = { nanoCpus: 0, memoryBytes: 0, pids: 0 };
  return {
    image,
    command: ['sleep', 'infinity'],
    hostname: 'fidelity',
    env: [],
    labels: { 'kalpana.test': prefix },
    mounts: [],
    ports: [],
    network: 'bridge',
    shmBytes: 0,
    limits,
    restartPolicy: 'no',
    healthcheck: null,
    ...more,
  };
}

/** A refusal's kind, and the words in it that the controller reads. */
export async function outcome(call: Promise<unknown>, words = /$^/): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return `${error.kind satisfies EngineFailureKind}: ${words.exec(error.message)?.[0] ?? ''}`.replace(/: $/, '');
  }
}

export async function stateOf({ docker }: EngineUnderTest, name: string): Promise<string> {
  return (await docker.inspectContainer(name))?.state ?? 'absent';
}

export async function started(
  engine: EngineUnderTest,
  name: string,
  more: Partial<ContainerDefinition> = {},
): Promise<string> {
  const id = await engine.docker.createContainer(name, definition(engine, more));
  await engine.docker.startContainer(id);
  return id;
}
