// The demo's objects on an engine that others may use too.
import { call } from './engine-api.mjs';
import { RECIPE_LABEL } from './debian-image.mjs';
import { KEEPER_IMAGE } from './keeper-image.mjs';
import { WORKSPACE_IMAGE } from './workspace-image.mjs';

const NETWORKS = ['kalpana-workspaces', 'kalpana-keepers'];

/**
 * Removes, of `specs`: containers by name with our labels and the demo's instance, the keepers of caches that nobody
 * else uses, data volumes by name and label, shared volumes and caches; then the networks and the images. What is in
 * use elsewhere stays: the engine refuses it, and we never force. Gives a line for each object removed.
 */
export async function cleanEngine({ host, tls }, specs) {
  const removed = [];
  const api = (method, path, options) => call(host, method, path, { tls, idleMs: 30_000, ...options });
  const remove = async (what, path) => {
    try {
      await api('DELETE', path);
      removed.push(what);
    } catch (error) {
      if (![403, 404, 409].includes(error.status)) throw error;
    }
  };
  const names = specs.map((spec) => spec?.metadata?.name).filter((name) => typeof name === 'string');

  for (const container of await ours(api, names))
    await remove(`container ${container.name}`, `/containers/${container.id}?force=1`);
  for (const keeper of await idleKeepers(api, cachesOf(specs)))
    await remove(`container ${keeper.name}`, `/containers/${keeper.id}?force=1`);
  for (const volume of await ourVolumes(api, names, specs))
    await remove(`volume ${volume}`, `/volumes/${encodeURIComponent(volume)}`);
  for (const name of NETWORKS) {
    const network = await api('GET', `/networks/${name}`, { ignore: [404] });
    if (network.Labels?.['kalpana.managed'] === 'true') await remove(`network ${name}`, `/networks/${network.Id}`);
  }
  for (const image of [WORKSPACE_IMAGE, KEEPER_IMAGE]) {
    const { Config: config } = await api('GET', `/images/${image}/json`, { ignore: [404] });
    if (config?.Labels?.[RECIPE_LABEL]) await remove(`image ${image}`, `/images/${image}`);
  }
  return removed;
}

async function ours(api, names) {
  const containers = await api(
    'GET',
    `/containers/json?all=1&filters=${filter({ label: ['kalpana.managed=true', 'kalpana.controller=default'] })}`,
  );
  return containers
    .map(({ Id: id, Names, Labels }) => ({
      id,
      name: Names[0]?.slice(1) ?? id,
      workspace: Labels['kalpana.workspace.id'],
    }))
    .filter(({ name, workspace }) => names.includes(workspace) && name.startsWith(`workspace-${workspace}`));
}

/** Of every instance: a cache has one keeper. It works on while another container, in any state, mounts the cache. */
async function idleKeepers(api, caches) {
  const keepers = await api(
    'GET',
    `/containers/json?all=1&filters=${filter({ label: ['kalpana.managed=true', 'kalpana.type=nix-keeper'] })}`,
  );
  const isKeeper = (id) => keepers.some((keeper) => keeper.Id === id);
  const idle = [];
  for (const { Id: id, Names } of keepers) {
    const name = Names[0]?.slice(1) ?? id;
    const cache = caches.find((one) => name === `kalpana-nix-keeper-${one}`);
    if (cache === undefined) continue;
    const users = await api('GET', `/containers/json?all=1&filters=${filter({ volume: [storeOf(cache)] })}`);
    if (users.every((user) => isKeeper(user.Id))) idle.push({ id, name });
  }
  return idle;
}

function cachesOf(specs) {
  return [...new Set(specs.map((spec) => spec?.spec?.cache ?? 'default').filter((cache) => typeof cache === 'string'))];
}

function storeOf(cache) {
  return cache === 'default' ? 'kalpana-nix-store' : `kalpana-nix-store-${cache}`;
}

async function ourVolumes(api, names, specs) {
  const { Volumes: volumes } = await api('GET', `/volumes?filters=${filter({ label: ['kalpana.managed=true'] })}`);
  const shared = specs.flatMap((spec) => spec?.spec?.sharedVolumes ?? []).map((volume) => `kalpana-${volume.name}`);
  const expected = {
    'workspace-data': names.map((name) => `kalpana-workspace-${name}`),
    'nix-cache': cachesOf(specs).map(storeOf),
    'shared-volume': shared,
  };
  return (volumes ?? [])
    .filter(({ Name, Labels }) => expected[Labels['kalpana.type']]?.includes(Name))
    .map(({ Name }) => Name);
}

function filter(filters) {
  return encodeURIComponent(JSON.stringify(filters));
}
