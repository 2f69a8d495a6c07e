export const KEEPER_IMAGE: string;
export const OLD_KEEPER_IMAGE: string;
export function keeperOf(suite?: string): { readonly suite: string; readonly recipe: string };
export function ensureOldKeeperImage(engine: { readonly host: string }): Promise<string | undefined>;
