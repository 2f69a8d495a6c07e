export const testRootfs: string;
export const busybox: string;
export function ensureTestRootfs(): Promise<string | undefined>;
export function importTestImages(host: string, tags?: readonly string[]): Promise<void>;
