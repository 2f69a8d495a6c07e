export interface ImageName {
  /** The reference without its tag and digest. */
  readonly name: string;
  /** A tag or a digest, never empty: the engine would pull every tag there is. */
  readonly tag: string;
  /** The registry's host as Docker's configuration files call it. */
  readonly registry: string;
}

export const DOCKER_HUB = 'https://index.docker.io/v1/';

/** Splits the reference of an image, as `POST /images/create` needs it. */
export function imageName(reference: string): ImageName {
  const [named = '', digest] = reference.split('@', 2);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  const tag = digest ?? (colon < 0 ? 'latest' : named.slice(colon + 1));
  return { name, tag, registry: registryOf(name) };
}

/** The first component is a host when it looks like one: `host.tld/…`, `host:5000/…`, `localhost/…`. */
function registryOf(name: string): string {
  const [first = '', ...rest] = name.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return !isHost || first === 'docker.io' || first === 'index.docker.io' ? DOCKER_HUB : first;
}
