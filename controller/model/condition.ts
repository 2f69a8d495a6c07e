/** The conditions of the cache and of the packages exist only for a workspace with a cache. */
export type ConditionType = 'SpecValid' | 'CacheReady' | 'PackagesReady' | 'ContainerReady' | 'Ready';

/** A statement about an object that is true or not, and since when. */
export interface Condition<Type extends string = ConditionType> {
  readonly type: Type;
  readonly status: 'True' | 'False' | 'Unknown';
  /** A reason from the closed list, or the name of a state such as `Running`. */
  readonly reason: string;
  readonly message: string;
  /** In ISO 8601; it changes only when `status` changes. */
  readonly lastTransitionTime: string;
}
