// The demo's objects on an engine that others may use too.
import { call } from './engine-api.mjs';
import { RECIPE_LABEL, WORKSPACE_IMAGE } from './workspace-image.mjs';

const NETWORK = 'kalpana-workspaces';

/**
 * Removes, of `specs`: containers by name with our labels and the demo's instance, data volumes by name and label, shared
 * volumes and cache; then the network and the image. What is in use elsewhere stays: the engine refuses it, and we never
 * force. Gives a line for each object removed.
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

  for (const container of await ours(api, names)) await remove(`container ${container.name}`, `/containers/${container.id}?force=1`);
  for (const volume of await ourVolumes(api, names, specs)) await remove(`volume ${volume}`, `/volumes/${encodeURIComponent(volume)}`);
  const network = await api('GET', `/networks/${NETWORK}`, { ignore: [404] });
  if (network.Labels?.['kalpana.managed'] === 'true') await remove(`network ${NETWORK}`, `/networks/${network.Id}`);
  const image = await api('GET', `/images/${WORKSPACE_IMAGE}/json`, { ignore: [404] });
  if (image.Config?.Labels?.[RECIPE_LABEL]) await remove(`image ${WORKSPACE_IMAGE}`, `/images/${WORKSPACE_IMAGE}`);
  return removed;
}

async function ours(api, names) {
  const containers = await api('GET', `/containers/json?all=1&filters=${filter({ label: ['kalpana.managed=true', 'kalpana.controller=default'] })}`);
  return containers
    .map(({ Id: id, Names, Labels }) => ({ id, name: Names[0]?.slice(1) ?? id, workspace: Labels['kalpana.workspace.id'] }))
    .filter(({ name, workspace }) => names.includes(workspace) && name.startsWith(`workspace-${workspace}`));
}

async function ourVolumes(api, names, specs) {
  const { Volumes: volumes } = await api('GET', `/volumes?filters=${filter({ label: ['kalpana.managed=true'] })}`);
  const caches = specs.map((spec) => spec?.spec?.cache ?? 'default').filter((cache) => typeof cache === 'string');
  const shared = specs.flatMap((spec) => spec?.spec?.sharedVolumes ?? []).map((volume) => `kalpana-${volume.name}`);
  const expected = {
    'workspace-data': names.map((name) => `kalpana-workspace-${name}`),
    'nix-cache': caches.map((cache) => (cache === 'default' ? 'kalpana-nix-store' : `kalpana-nix-store-${cache}`)),
    'shared-volume': shared,
  };
  return (volumes ?? []).filter(({ Name, Labels }) => expected[Labels['kalpana.type']]?.includes(Name)).map(({ Name }) => Name);
}

function filter(filters) {
  return encodeURIComponent(JSON.stringify(filters));
}
