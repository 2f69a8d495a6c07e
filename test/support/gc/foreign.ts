// F8: any client may ask the daemon for a collection, which knows nothing of what runs next door.
import { expect } from '@jest/globals';
import type { Docker } from '../e2e/docker.js';
import { eventually } from '../e2e/eventually.js';
import { cacheObjects } from '../nix/site.js';

const USERS = ['0', '1000'];
const COMMANDS = [
  'nix-collect-garbage',
  'nix-collect-garbage -d',
  'nix-store --gc',
  'nix --extra-experimental-features nix-command store gc',
  'nix-store --delete $DEAD',
  'nix --extra-experimental-features nix-command store delete $DEAD',
];
/** One of each user and command. */
export const FOREIGN_COLLECTIONS = USERS.length * COMMANDS.length;

/** Workspaces' own collections, which all run in one container. */
export function foreignCollections(docker: Docker, cache: string, container: string) {
  const words = async () => (await docker.sh(container, 'cat /tmp/foreign-* 2>/dev/null')).text;
  return {
    words,
    /**
     * Starts each of the commands by each user, again as soon as it has ended, as long as the container runs; gives
     * back when all of them wait. `dead` is what some name.
     */
    async start(dead: string): Promise<void> {
      for (const user of USERS) {
        const lines = COMMANDS.map(
          (command, index) => `while :; do ${command}; echo "ended $?"; done > /tmp/foreign-$(id -u)-${index} 2>&1 &`,
        ).join('\n');
        const shell = `trap '' HUP; export DEAD=${dead} HOME=/tmp; exec </dev/null >/dev/null 2>&1; set -m; ${lines}\n true`;
        await docker.exec(container, ['bash', '-c', shell], user);
      }
      await eventually(
        async () =>
          expect(
            (await words()).match(/waiting for the big garbage collector lock/g)?.length ?? 0,
          ).toBeGreaterThanOrEqual(FOREIGN_COLLECTIONS),
        { withinMs: 60_000 },
      );
    },
    /** The daemon's workers, one a connection. */
    async workers(): Promise<number> {
      const { text } = await docker.sh(
        cacheObjects(cache).keeper,
        'grep -lx nix-daemon /proc/[0-9]*/comm 2>/dev/null | wc -l',
      );
      return Number(text) - 1;
    },
  };
}
