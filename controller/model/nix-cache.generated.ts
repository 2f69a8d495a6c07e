// Generated from crds-like-schemas/nix-cache.schema.json by `npm run generate`. Do not edit.

/**
 * A DNS label (RFC 1123): lower-case letters, digits and '-', at most 63 characters.
 */
export type DnsLabel = string
/**
 * One word of Nix's configuration: printable ASCII without white space and '#'.
 */
export type ConfigWord = string
/**
 * An absolute path without '.' and '..' segments, ',' , control characters or a trailing '/'.
 */
export type AbsolutePath = string
/**
 * An attribute of the cache's nixpkgs (python3Packages.requests), a flake reference (github:owner/repository#attribute), or a store path.
 */
export type Package = string
/**
 * A duration: a number and a unit, e.g. '0s', '90s', '30m', '12h', '7d', '2w'.
 */
export type LongDuration = string
/**
 * A number of bytes: a number and an optional unit, e.g. '500Mi', '20Gi', '20G'.
 */
export type StoreSize = string

/**
 * A Nix store that workspaces share: one volume, and the keeper container that alone writes it. No file is needed for the cache 'default'.
 */
export interface NixCache {
/**
 * Path or address of this schema, for editors.
 */
$schema?: string
apiVersion: "kalpana.dev/v1"
kind: "NixCache"
metadata: Metadata
spec?: NixCacheSpec
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
export interface NixCacheSpec {
/**
 * The keeper's image: name, name:tag or name@digest.
 */
image?: string
/**
 * What the packages' attributes are looked up in: a tarball's address, a directory in one of the mounts, or a channel's path.
 */
nixpkgs?: ConfigWord
/**
 * Binary caches, asked in this order: addresses with http, https, file, s3, ssh or ssh-ng.
 * 
 * @maxItems 32
 */
substituters?: ConfigWord[]
/**
 * Keys whose signatures are accepted, as name:base64.
 * 
 * @maxItems 64
 */
trustedPublicKeys?: ConfigWord[]
/**
 * Whether a substituter's paths must be signed with one of the trusted keys.
 */
requireSignatures?: boolean
/**
 * Whether builds run in Nix's sandbox. The host has to permit user namespaces in containers, and the keeper's system paths are not masked then.
 */
sandbox?: boolean
/**
 * Workspace images that may bring store paths of their own: ids ('sha256:' and 64 digits), or references with '*' for anything, which trust whoever can give an image that name.
 * 
 * @maxItems 256
 */
trustedImages?: ConfigWord[]
/**
 * The keeper's network: 'kalpana-keepers', which the controller makes and on which nobody reaches another container; 'bridge', 'none', or the name of one on the engine.
 */
network?: string
/**
 * Directories of the host in the keeper.
 * 
 * @maxItems 64
 */
mounts?: BindMount[]
/**
 * Packages that are kept in the cache before any workspace asks for them.
 * 
 * @maxItems 256
 */
prewarm?: Package[]
builds?: Builds
resources?: KeeperResources
gc?: GarbageCollection
verify?: Verification
}
export interface BindMount {
type: "bind"
source: AbsolutePath
target: AbsolutePath
readOnly?: boolean
}
/**
 * When a build is ended, whoever started it and whatever he asked Nix for.
 */
export interface Builds {
/**
 * How long one build may take, e.g. '12h'. From '10s' to '7d'.
 */
timeout?: LongDuration
/**
 * How long a build may print nothing, e.g. '30m'. From '10s' to '1h'.
 */
maxSilent?: LongDuration
}
/**
 * Limits of the keeper, which all builds in it share.
 */
export interface KeeperResources {
/**
 * Cores, e.g. 1.5. No bound when left out.
 */
cpus?: number
/**
 * E.g. '8Gi'; at least '256Mi'. Three quarters of the host's memory when left out.
 */
memory?: StoreSize
/**
 * Processes and threads at most. Builds that run at once share nine tenths of them evenly.
 */
pids?: number
}
/**
 * When and how what nothing uses any more is deleted from the store.
 */
export interface GarbageCollection {
/**
 * A cron expression of five fields (minute, hour, day of month, month, day of week), or of six with the second first; or a nickname such as '@daily'. A run that was missed is made up for once.
 */
schedule?: string
/**
 * The schedule's time zone: a name of the IANA database such as 'Europe/Berlin', or 'UTC'.
 */
timeZone?: string
/**
 * How long old package lists and the packages of removed workspaces are kept, e.g. '7d'; '0s' keeps none. At most '520w'.
 */
retain?: LongDuration
/**
 * What came into the store less than this long ago stays, and so does a package list that was made since, whatever is known of their use, e.g. '24h'; '0s' for none. At most '520w'.
 */
grace?: LongDuration
/**
 * A store that grows over this size is collected between schedules too, e.g. '20Gi'. No bound when left out.
 */
maxBytes?: StoreSize
/**
 * A run stops after it has freed this much, e.g. '5Gi'; the next ones go on. No bound when left out.
 */
maxFreedPerRun?: StoreSize
/**
 * Whether equal files in the store are replaced by hard links after a run.
 */
optimise?: boolean
/**
 * After this time a run is given up, e.g. '30m'. From '10s' to '7d'.
 */
deadline?: LongDuration
/**
 * Whether no run begins by itself; a person's request still starts one.
 */
suspend?: boolean
}
/**
 * When and how much of the store is looked through for what is not as it was registered.
 */
export interface Verification {
/**
 * A cron expression, in the form of gc.schedule. A run that was missed is made up for once.
 */
schedule?: string
/**
 * The schedule's time zone: a name of the IANA database such as 'Europe/Berlin', or 'UTC'.
 */
timeZone?: string
/**
 * How much of the store one run reads, e.g. '5%'; the next run goes on from there. From '1%' to '100%'. Nothing is read by schedule when left out.
 */
share?: string
}
