/** The conditions of the cache and of the packages exist only where a cache is used. */
export type ConditionType = 'SpecValid' | 'CacheReady' | 'PackagesReady' | 'ContainerReady' | 'Ready';

/** One thing that is true of an object or not, and since when. */
export interface Condition<Type extends string = ConditionType> {
  readonly type: Type;
  readonly status: 'True' | 'False' | 'Unknown';
  /** A reason of the closed list, or a state's name such as `Running`. */
  readonly reason: string;
  readonly message: string;
  /** ISO 8601; moves only when `status` changes. */
  readonly lastTransitionTime: string;
}
