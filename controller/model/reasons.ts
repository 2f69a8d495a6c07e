/** The closed list of reasons: conditions, logs, metrics and errors take theirs from here. */

/** `transient`: retried with backoff. `waiting`: for another object, woken by it. `stalled`: until the spec changes (law 9). */
export type FailureClass = 'transient' | 'waiting' | 'stalled';

export const REASONS = {
  EngineUnreachable: { class: 'transient', remedy: 'Check that the Docker engine runs and that the controller may use its socket.' },
  EngineTimeout: { class: 'transient', remedy: 'The engine did not answer in time; look at its load and its log.' },
  EngineError: { class: 'transient', remedy: 'The engine refused the call; its words are in the message.' },
  EngineMalformedAnswer: { class: 'transient', remedy: 'The engine or a proxy before it answered with something else than the API says; look at its log.' },
  ImagePullFailed: { class: 'transient', remedy: 'Check the image name, the registry and its credentials; the pull is tried again.' },
  ImageMissing: { class: 'waiting', remedy: 'imagePullPolicy is Never: build or load the image on the engine.' },
  PortConflict: { class: 'waiting', remedy: 'Free the port, choose another hostPort, or leave hostPort out and let the controller choose.' },
  NameConflict: { class: 'waiting', remedy: 'Rename or remove the container that is not ours; the controller never touches it.' },
  VolumeConflict: { class: 'waiting', remedy: 'A volume of this name is not ours and is never taken over: remove or rename it, or rename the workspace.' },
  NetworkConflict: { class: 'waiting', remedy: 'A network of this name is not ours: remove or rename it.' },
  VolumeMissing: { class: 'waiting', remedy: 'The volume is being made; the workspace goes on when it is there.' },
  NetworkMissing: { class: 'waiting', remedy: 'The network is being made; the workspace goes on when it is there.' },
  DataVolumeDamaged: { class: 'waiting', remedy: 'The directory behind the data volume is gone. Restore it from a backup, or make an empty one at the volume\'s mountpoint (docker volume inspect); the volume itself is never deleted to repair it.' },
  BindSourceMissing: { class: 'waiting', remedy: 'Make the source path on the engine\'s host.' },
  SecretUnreadable: { class: 'waiting', remedy: 'Put the file into the secrets directory, readable for the controller.' },
  SpecInvalid: { class: 'stalled', remedy: 'Mend the spec; the last good version stays in force.' },
  CreateFailed: { class: 'stalled', remedy: 'The engine cannot create this container; change the spec.' },
  StartFailed: { class: 'stalled', remedy: 'The container cannot start; change the image or the command.' },
  ReplacementFailed: { class: 'stalled', remedy: 'The new container did not come up and the old one runs on; change the spec.' },
  CrashLoop: { class: 'transient', remedy: 'The main process ends soon after its start; read its output with docker logs.' },
  Unhealthy: { class: 'transient', remedy: 'The health check fails; read its output with docker inspect.' },
  Starting: { class: 'transient', remedy: 'The container runs and its health check has not answered yet.' },
  DeletionHeld: { class: 'waiting', remedy: 'Confirm with kalpana approve or --allow-prune, or put the specs back.' },
  RemovalPending: { class: 'transient', remedy: 'The spec is gone; the container is being removed.' },
} as const satisfies Record<string, { class: FailureClass; remedy: string }>;

export type Reason = keyof typeof REASONS;

/** A failure as everybody reports it. `message` holds the facts in one line, without the remedy. */
export interface Failure {
  readonly reason: Reason;
  readonly message: string;
}

export function failureClass(reason: Reason): FailureClass {
  return REASONS[reason].class;
}

/** The message and what to do, in one line. */
export function explain(failure: Failure): string {
  const message = failure.message.replace(/\.$/, '');
  return `${message}. ${REASONS[failure.reason].remedy}`;
}
