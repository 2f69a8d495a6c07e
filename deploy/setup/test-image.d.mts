export const testRootfs: string;
export const busybox: string;
export const TEST_NIX_IMAGE: string;
export function ensureTestRootfs(): Promise<string | undefined>;
export function importTestImages(host: string, tags?: readonly string[]): Promise<void>;
export function importKeeper(host: string, suite?: string): Promise<void>;
