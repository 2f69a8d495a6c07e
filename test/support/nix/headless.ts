// A program whose main thread ends at once while another thread waits for ever: what no shell can do. It is assembled
// by hand, so that no compiler is needed: clone a thread, end the first one, and wait in the second.
const CODE: Readonly<Record<string, { readonly machine: number; readonly hex: string }>> = {
  x64: {
    machine: 62,
    hex: 'b838000000bf000f010031f631d24d31d24d31c00f0585c07409b83c00000031ff0f05b8220000000f05ebf7',
  },
  arm64: {
    machine: 183,
    hex:
      '881b80d200e081d22000a0f2010080d2020080d2030080d2040080d2010000d4800000b4a80b80d2000080d2' +
      '010000d4000080d2010080d2020080d2030080d2280980d2010000d4faffff17',
  },
};
const BASE = 0x400000n;
const HEADERS = 64 + 56;

/** The bytes of the program, as an ELF file for this machine. */
export function headlessProgram(): Buffer {
  const known = CODE[process.arch];
  if (known === undefined) throw new Error(`no program is assembled for ${process.arch}`);
  const code = Buffer.from(known.hex, 'hex');
  const size = BigInt(HEADERS + code.length);
  const file = Buffer.alloc(HEADERS);
  file.write('\x7fELF\x02\x01\x01', 'latin1');
  file.writeUInt16LE(2, 16); // executable
  file.writeUInt16LE(known.machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BASE + BigInt(HEADERS), 24); // where it starts
  file.writeBigUInt64LE(64n, 32); // the one program header
  for (const [value, offset] of [
    [64, 52],
    [56, 54],
    [1, 56],
  ] as const)
    file.writeUInt16LE(value, offset);
  file.writeUInt32LE(1, 64); // loaded
  file.writeUInt32LE(5, 68); // to be read and run
  for (const [value, offset] of [
    [BASE, 80],
    [BASE, 88],
    [size, 96],
    [size, 104],
    [0x1000n, 112],
  ] as const)
    file.writeBigUInt64LE(value, offset);
  return Buffer.concat([file, code]);
}
