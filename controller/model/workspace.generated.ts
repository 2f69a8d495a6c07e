// Generated from crds-like-schemas/workspace.schema.json by `npm run generate`. Do not edit.

/**
 * A DNS label (RFC 1123): lower-case letters, digits and '-', at most 63 characters.
 */
export type DnsLabel = string
/**
 * An attribute of the cache's nixpkgs (python3Packages.requests), a flake reference (github:owner/repository#attribute), or a store path.
 */
export type Package = string
/**
 * A positive number of bytes: a number and an optional unit, e.g. '512Mi', '2Gi', '1G', '1048576'.
 */
export type Size = string
/**
 * An absolute path without '.' and '..' segments, ',' , control characters or a trailing '/'.
 */
export type AbsolutePath = string
/**
 * A positive duration: a number and a unit, e.g. '500ms', '10s', '5m', '1h'.
 */
export type Duration = string

/**
 * A developer workspace: one container with its volumes on a Docker engine.
 */
export interface Workspace {
/**
 * Path or address of this schema, for editors.
 */
$schema?: string
apiVersion: "kalpana.dev/v1"
kind: "Workspace"
metadata: Metadata
spec: WorkspaceSpec
}
export interface Metadata {
name: DnsLabel
labels?: StringMap
annotations?: StringMap
}
/**
 * Free text under keys of a person's choice; not written to the container.
 */
export interface StringMap {
[k: string]: string
}
export interface WorkspaceSpec {
/**
 * The image's reference: name, name:tag or name@digest. A tag that moves recreates nothing, a changed reference does.
 */
image: string
/**
 * 'Always' pulls before each creation of the container, 'Never' waits until the image is there.
 */
imagePullPolicy?: ("Always" | "IfNotPresent" | "Never")
/**
 * The command in place of the image's own, one word an entry; it runs under an init process.
 * 
 * @minItems 1
 * @maxItems 256
 */
command?: string[]
/**
 * 'Stopped' keeps everything and stops the container.
 */
state?: ("Running" | "Stopped")
/**
 * The name of the Nix cache whose store is mounted at /nix, read-only; false for none.
 */
cache?: (DnsLabel | false)
/**
 * Nix packages on PATH, from the cache: attributes of its nixpkgs, flake references, store paths. A change takes effect in the running container.
 * 
 * @maxItems 256
 */
packages?: Package[]
/**
 * Environment variables, each with a value or with a secret. A secret's value is in no label, log, plan or error.
 * 
 * @maxItems 1024
 */
env?: EnvVar[]
/**
 * Ports of the container that the host listens on.
 * 
 * @maxItems 128
 */
ports?: Port[]
resources?: Resources
storage?: Storage
/**
 * Volumes 'kalpana-<name>' that several workspaces mount.
 * 
 * @maxItems 64
 */
sharedVolumes?: SharedVolume[]
/**
 * Directories of the engine's host in the container.
 * 
 * @maxItems 64
 */
mounts?: BindMount[]
healthcheck?: Healthcheck
/**
 * What the engine does by itself when the main process ends; changes in place. The controller starts a workspace whose state is Running under every policy.
 */
restartPolicy?: ("no" | "on-failure" | "always" | "unless-stopped")
}
export interface EnvVar {
name: string
/**
 * The value as it is. A variable has this or valueFrom.
 */
value?: string
/**
 * A file that holds the value: secretFile or ageFile.
 */
valueFrom?: {
/**
 * The name of a file in the controller's secrets directory (--secrets-dir).
 */
secretFile?: string
/**
 * A file beside this spec or below it, encrypted with age for the controller's key (--age-identity-file, --git-age-identity-file).
 */
ageFile?: string
}
}
export interface Port {
name?: DnsLabel
containerPort: number
protocol?: ("tcp" | "udp")
/**
 * The host's address to listen on.
 */
hostIP?: string
/**
 * The host's port. Without it the controller chooses one and keeps it.
 */
hostPort?: number
}
/**
 * Limits; none when left out. cpus, memory and pids change in the running container, shm needs a new one.
 */
export interface Resources {
/**
 * Cores, e.g. 1.5.
 */
cpus?: number
memory?: Size
/**
 * Processes and threads at most.
 */
pids?: number
shm?: Size
}
/**
 * The data volume 'kalpana-workspace-<name>', which outlives the container.
 */
export interface Storage {
/**
 * An absolute path without '.' and '..' segments, ',' , control characters or a trailing '/'.
 */
mountPath?: string
/**
 * What becomes of the data volume when the workspace's spec is removed: 'Delete' removes it too.
 */
reclaimPolicy?: ("Retain" | "Delete")
}
export interface SharedVolume {
name: DnsLabel
mountPath: AbsolutePath
readOnly?: boolean
}
export interface BindMount {
type: "bind"
source: AbsolutePath
target: AbsolutePath
readOnly?: boolean
}
/**
 * Decides when a workspace is Ready, and whether a replacement takes over. Without one, a container that has run for 2 s is ready.
 */
export interface Healthcheck {
/**
 * ['CMD', word, …], ['CMD-SHELL', line] or ['NONE'].
 * 
 * @minItems 1
 * @maxItems 256
 */
test: string[]
interval?: Duration
timeout?: Duration
startPeriod?: Duration
retries?: number
}
