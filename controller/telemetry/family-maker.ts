import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Creates metric families whose names begin with `kalpana_`, and registers each of them. */
export interface FamilyMaker {
  counter<L extends string = never>(name: string, help: string, ...labelNames: L[]): Counter<L>;
  gauge<L extends string = never>(name: string, help: string, ...labelNames: L[]): Gauge<L>;
  /** `buckets` are upper limits in seconds. */
  histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    ...labelNames: L[]
  ): Histogram<L>;
}

/** No family has a `collect` callback, because one that throws fails the whole scrape (trap prom-client-1). */
export function createFamilyMaker(registry: Registry): FamilyMaker {
  const registers = [registry];
  return {
    counter: (name, help, ...labelNames) => new Counter({ name: `kalpana_${name}`, help, labelNames, registers }),
    gauge: (name, help, ...labelNames) => new Gauge({ name: `kalpana_${name}`, help, labelNames, registers }),
    histogram: (name, help, buckets, ...labelNames) =>
      new Histogram({ name: `kalpana_${name}`, help, buckets: [...buckets], labelNames, registers }),
  };
}

/** Buckets in seconds for requests. */
export const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
/** Buckets in seconds for operations, which may pull an image. */
export const OPERATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Buckets in seconds for realisations: a link takes some 50 ms, a closure over a slow connection an hour. */
export const REALISATION_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600];
/** Buckets in seconds for collections, whose default deadline is half an hour. */
export const COLLECTION_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 1_800, 3_600];
