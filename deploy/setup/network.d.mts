export function canHaveOwnNetwork(): Promise<boolean>;
