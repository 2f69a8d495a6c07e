import type { VerifyNews } from '../../model/verify-status.js';
import type { CacheVerifyOptions } from '../actions.js';
import { EXIT } from '../exit-codes.js';
import type { CliIo } from '../io.js';
import { verifyFailureText, verifyResultText } from '../text/verify-text.js';
import { printed } from './ask.js';
import { outcomeOf } from './outcome.js';

/** Has a cache's store verified; `signal` ends the wait, not the verification. Returns the exit code. */
export async function verifyStore(
  io: CliIo,
  { cache, repair, stateDir, output }: CacheVerifyOptions,
  signal?: AbortSignal,
): Promise<number> {
  const outcome = await outcomeOf<VerifyNews>(io, { stateDir, cache, action: 'verify', body: { repair }, signal });
  if (output === 'json') io.out(printed(outcome));
  else io.out(verifyResultText(outcome));
  const failure = verifyFailureText(outcome);
  if (failure !== null) io.err(`error: ${failure}\n`);
  return failure === null ? EXIT.ok : EXIT.failed;
}
