export function makeWhole(path: string, make: (half: string) => void | Promise<void>): Promise<void>;
