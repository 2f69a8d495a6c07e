export const KEEPER_IMAGE: string;
export const OLD_KEEPER_IMAGE: string;
export function ensureOldKeeperImage(engine: { readonly host: string }): Promise<string | undefined>;
