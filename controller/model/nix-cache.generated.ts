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
 * Whether builds run in Nix's sandbox; it gives the keeper more privileges on the engine.
 */
sandbox?: boolean
/**
 * Workspace images that may bring store paths of their own: references, '*' for anything.
 * 
 * @maxItems 256
 */
trustedImages?: ConfigWord[]
/**
 * The keeper's network: 'bridge', 'none', or the name of one on the engine.
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
}
export interface BindMount {
type: "bind"
source: AbsolutePath
target: AbsolutePath
readOnly?: boolean
}
