export interface ImageName {
  /** The reference without its tag and digest. */
  readonly name: string;
  /** A tag or a digest. It is never empty, because the engine would then pull every tag. */
  readonly tag: string;
  /** The host of the registry in the form of Docker's configuration files. */
  readonly registry: string;
}

export const DOCKER_HUB = 'https://index.docker.io/v1/';

/** Splits the reference of an image into the parts that `POST /images/create` needs. */
export function imageName(reference: string): ImageName {
  const [named = '', digest] = reference.split('@', 2);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  const tag = digest ?? (colon < 0 ? 'latest' : named.slice(colon + 1));
  return { name, tag, registry: registryOf(name) };
}

/**
 * The registry of an image. The first component is a host when it has the form of one: `host.tld/…`, `host:5000/…`,
 * `localhost/…`.
 */
function registryOf(name: string): string {
  const [first = '', ...rest] = name.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return !isHost || first === 'docker.io' || first === 'index.docker.io' ? DOCKER_HUB : first;
}
