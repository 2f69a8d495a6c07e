// docs/reference/metrics.md, from the metric families.
import { Registry } from 'prom-client';
import { code, item, opening, wrapped } from './text.mjs';

export async function metricsPage() {
  const { createFamilies } = await import('../../../controller/telemetry/families.ts');
  const registry = new Registry();
  createFamilies(registry);
  const metrics = registry.getMetricsAsArray().sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    ...opening('Metrics', 'controller/telemetry/families.ts'),
    wrapped(
      '`/metrics` serves these, and the metrics of the process by prom-client (`process_…`, `nodejs_…`). ' +
        'Units are seconds and bytes. The values of a label are a closed list, whose counters begin at 0, or ' +
        'names of objects and revisions, whose series go with the object.',
    ),
    '',
    ...metrics.map(({ name, type, labelNames, help }) => item(`${code(name)} (${facts(type, labelNames)}): ${help}`)),
    '',
  ].join('\n');
}

function facts(type, labels) {
  return labels.length === 0 ? type : `${type} by ${labels.map(code).join(', ')}`;
}
