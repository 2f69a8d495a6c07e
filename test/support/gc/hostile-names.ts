/** Names as strangers choose them: any bytes but `/` and NUL, 255 at most. One byte a character (latin1). */

const HASH = 'djjxv3pda7r3hh3lrkcq4bwaji4x35av';

/** What a script of root's runs when it reads a name as words: a file that a build lays into the keeper's `/tmp`. */
export const EVIL = 'kalpana-evil.sh';

/** Every byte that a name may hold, in one name of the greatest length. */
const ALL_BYTES = String.fromCharCode(...Array.from({ length: 255 }, (_, index) => index + 1).filter((n) => n !== 47));

/** No store path has one of these names; each is another way to be read as something else. */
export const HOSTILE_NAMES: readonly string[] = [
  `~ -exec env -C tmp sh ${EVIL} ; -quit`,
  `~ -exec sh ${EVIL} +`,
  ALL_BYTES,
  `${HASH}-with a blank`,
  `${HASH}-with-a-newline\n`,
  `${HASH}-one\n${HASH}-two`,
  `${HASH}-$(env -C tmp sh ${EVIL})`,
  `${HASH}-\`env -C tmp sh ${EVIL}\``,
  `${HASH}-"quoted' names\\`,
  `${HASH}-${'l'.repeat(222)}`,
  `${HASH}-`,
  `e${HASH.slice(1).replaceAll('j', 'e')}-of-letters-that-no-hash-has`,
  `x\nkalpana: at-risk x`,
  `x\nkalpana: dead x 1`,
  `x\nerror: the store is full`,
  `x\ndeleting garbage...`,
  `x'\ndeleting 'x`,
  '-delete',
  '-rf',
  '--help',
  '--',
  '-',
  '...',
  '.. ',
  '*',
  '?',
  '[a-z]*',
  ' ',
  '\t',
  '\n',
  '\r',
  '\\',
  "'",
  '"',
  '$HOME',
  '$(reboot)',
  '`reboot`',
  '; reboot',
  '| reboot',
  '&',
  '#',
  '!',
  '\u001b[2J',
  '\u00ff\u00fe',
  'l'.repeat(255),
];
