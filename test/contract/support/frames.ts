/** A piece of a container's output as the engine frames it; 1 is stdout, 2 stderr. */
export function frame(text: string | Buffer, streamType = 1): Buffer {
  const payload = Buffer.from(text as string);
  const header = Buffer.alloc(8);
  header.writeUInt8(streamType, 0);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}
