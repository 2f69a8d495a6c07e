/** The closed list of reasons, from which conditions, logs, metrics and errors take theirs. */

/**
 * `transient`: retried with backoff. `waiting`: waits for another object, whose change wakes it. `stalled`: waits until
 * the spec changes (law 9).
 */
export type FailureClass = 'transient' | 'waiting' | 'stalled';

export const REASONS = {
  EngineUnreachable: {
    class: 'transient',
    remedy: 'Check that the Docker engine runs and that the controller may use its socket.',
  },
  EngineTimeout: { class: 'transient', remedy: 'The engine did not answer in time; look at its load and its log.' },
  EngineError: { class: 'transient', remedy: 'The engine refused the call; its words are in the message.' },
  EngineMalformedAnswer: {
    class: 'transient',
    remedy: 'The engine or a proxy before it answered with something else than the API says; look at its log.',
  },
  ImagePullFailed: {
    class: 'transient',
    remedy: 'Check the image name, the registry and its credentials; the pull is tried again.',
  },
  ImageMissing: { class: 'waiting', remedy: 'imagePullPolicy is Never: build or load the image on the engine.' },
  PortConflict: {
    class: 'waiting',
    remedy: 'Free the port, choose another hostPort, or leave hostPort out and let the controller choose.',
  },
  NameConflict: {
    class: 'waiting',
    remedy: 'Rename or remove the container that is not ours; the controller never touches it.',
  },
  VolumeConflict: {
    class: 'waiting',
    remedy: 'A volume of this name is not ours and is never taken over: remove or rename it, or rename the workspace.',
  },
  NetworkConflict: { class: 'waiting', remedy: 'A network of this name is not ours: remove or rename it.' },
  VolumeMissing: { class: 'waiting', remedy: 'The volume is being made; the workspace goes on when it is there.' },
  NetworkMissing: { class: 'waiting', remedy: 'The network is being made; the workspace goes on when it is there.' },
  DataVolumeDamaged: {
    class: 'waiting',
    remedy:
      'The directory behind the data volume is gone. Restore it from a backup, or make an empty one at the ' +
      "volume's mountpoint (docker volume inspect); the volume itself is never deleted to repair it.",
  },
  BindSourceMissing: { class: 'waiting', remedy: "Make the source path on the engine's host." },
  CacheMissing: {
    class: 'waiting',
    remedy: 'No spec defines this cache: add a NixCache of this name, or name another cache.',
  },
  KeeperNotReady: {
    class: 'waiting',
    remedy:
      'Look at the cache with kalpana cache status and at the output of its keeper with docker logs; the ' +
      'workspace goes on when it is up. Where its store is damaged, kalpana cache clear NAME --force empties it.',
  },
  KeeperConflict: {
    class: 'waiting',
    remedy: 'Rename or remove the container that is not ours, or let one controller define the cache.',
  },
  CacheMigrating: {
    class: 'waiting',
    remedy:
      "The volume still holds the replaced system's store; it gives way to a sound one as soon as no container " +
      'of that system uses it.',
  },
  CacheClearing: { class: 'waiting', remedy: 'The cache is being emptied; the workspaces start again afterwards.' },
  CacheDiskFull: {
    class: 'waiting',
    remedy: "Free space on the disk of the cache's volume; the realisation is tried again by itself.",
  },
  GcBusy: { class: 'transient', remedy: 'Nothing was collected; the next run tries again.' },
  GcDeadline: {
    class: 'transient',
    remedy: 'Raise gc.deadline of the NixCache if runs take this long; the next run goes on.',
  },
  ProcessUnreadable: {
    class: 'waiting',
    remedy:
      'Nothing was collected, for what this process uses is not known: let the scanner of the cache read it ' +
      '(security modules, another runtime), or stop its container.',
  },
  LinkUnreadable: {
    class: 'transient',
    remedy:
      'Nothing was collected, for what the links of this container keep is not known: look at the container ' +
      'with docker inspect, or remove it.',
  },
  EnvironmentMissing: {
    class: 'waiting',
    remedy:
      "Nothing was collected, for this workspace's packages are not in the cache: mend its packages, or remove " +
      'the workspace.',
  },
  ControllerFault: { class: 'transient', remedy: 'This is a fault in the controller: report it with its log.' },
  RootAtRisk: {
    class: 'transient',
    remedy: 'Nothing was collected, for Nix would have deleted a path that is in use; the next run looks again.',
  },
  StoreDamaged: {
    class: 'transient',
    remedy:
      'What workspaces need of missing paths is realised again, and kalpana cache verify NAME --repair fetches or ' +
      'builds again what it can. Check the disk, and who else writes the volume; kalpana cache clear NAME --force ' +
      'makes the store anew.',
  },
  VerifyEnded: {
    class: 'transient',
    remedy: 'What was not looked at is left to the next run; kalpana cache verify NAME looks at everything.',
  },
  ImageNotTrusted: {
    class: 'stalled',
    remedy:
      'The image brings a Nix store of its own: add its id (docker image inspect shows it) to trustedImages of ' +
      'the NixCache if you trust its author, or set "cache": false.',
  },
  ImageImportFailed: {
    class: 'transient',
    remedy: "The image's own Nix store could not be taken into the cache; it is tried again.",
  },
  KnownHoles: {
    class: 'waiting',
    remedy:
      'The cache goes on. Make or pull a keeper image with a newer Nix and name it as image of the NixCache; for an ' +
      'image of the same name, remove the keeper with docker rm -f: it is made anew at once. A distribution may have ' +
      'closed a hole without a new version.',
  },
  NixpkgsUnsupported: {
    class: 'stalled',
    remedy:
      'Name a release that is still supported as nixpkgs of the NixCache: its packages are realised anew, and those ' +
      'in place stay until they are there.',
  },
  SandboxOff: {
    class: 'waiting',
    remedy:
      'The cache goes on. Where those who share it need not trust each other, set "sandbox": true in its NixCache, ' +
      'on a host that permits user namespaces in containers.',
  },
  PackageNotFound: { class: 'stalled', remedy: 'Check the name against the nixpkgs of the cache.' },
  PackageCollision: { class: 'stalled', remedy: 'Remove one of the two packages.' },
  PackageBuildFailed: { class: 'stalled', remedy: 'Change the packages or the nixpkgs of the cache.' },
  SandboxUnavailable: {
    class: 'transient',
    remedy:
      'The host lets containers make no user namespaces: permit them (user.max_user_namespaces, and ' +
      'kernel.apparmor_restrict_unprivileged_userns where there is AppArmor), or leave sandbox out of the NixCache. ' +
      'It is tried again.',
  },
  PackageEvaluationFailed: { class: 'stalled', remedy: 'Change the packages or the nixpkgs of the cache.' },
  PackageUntrusted: {
    class: 'transient',
    remedy:
      'No substituter serves it with a signature that trustedPublicKeys of the NixCache name: sign it, or add ' +
      'the key; it is tried again.',
  },
  PackageFetchFailed: {
    class: 'transient',
    remedy: 'Check the substituters of the NixCache and the way to them; it is tried again.',
  },
  SubstituterRefused: {
    class: 'transient',
    remedy:
      'Nothing was built from source for it. Mend the access to this substituter of the NixCache, or remove it ' +
      'there; a bucket that answers 403 for what it lacks has to let its content be listed. It is tried again.',
  },
  SecretUnreadable: {
    class: 'waiting',
    remedy: 'Put the file into the secrets directory, readable for the controller.',
  },
  SpecInvalid: { class: 'stalled', remedy: 'Mend the spec; the last good version stays in force.' },
  CreateFailed: { class: 'stalled', remedy: 'The engine cannot create this container; change the spec.' },
  StartFailed: { class: 'stalled', remedy: 'The container cannot start; change the image or the command.' },
  ReplacementFailed: {
    class: 'stalled',
    remedy: 'The new container did not come up and the old one runs on; change the spec.',
  },
  CrashLoop: {
    class: 'transient',
    remedy: 'The main process ends soon after its start; read its output with docker logs.',
  },
  Unhealthy: { class: 'transient', remedy: 'The health check fails; read its output with docker inspect.' },
  Starting: { class: 'transient', remedy: 'The container runs and its health check has not answered yet.' },
  DeletionHeld: { class: 'waiting', remedy: 'Confirm with kalpana approve or --allow-prune, or put the specs back.' },
  RemovalPending: { class: 'transient', remedy: 'The spec is gone; the container is being removed.' },
} as const satisfies Record<string, { class: FailureClass; remedy: string }>;

export type Reason = keyof typeof REASONS;

/** A failure in the form that all reports use. `message` contains the facts in one line, without the remedy. */
export interface Failure {
  readonly reason: Reason;
  readonly message: string;
}

/** Thrown when a failure and its reason are known; `failure` is what is reported. */
export class FailureError extends Error {
  override readonly name = 'FailureError';

  constructor(
    readonly failure: Failure,
    options?: ErrorOptions,
  ) {
    super(failure.message, options);
  }
}

/** Whether a failure of this reason is retried, waits for another object, or waits for its spec to change. */
export function failureClass(reason: Reason): FailureClass {
  return REASONS[reason].class;
}

/** The message and the remedy in one line. */
export function explain(failure: Failure): string {
  const message = failure.message.replace(/\.$/, '');
  return `${message}. ${REASONS[failure.reason].remedy}`;
}
