// The rules a dockerd leaves in the host's iptables; taken out only when no other engine can be using them.
import { writeFileSync } from 'node:fs';
import { runningEngines } from './network.mjs';
import { findProgram, run } from './processes.mjs';

const BRIDGE = '(docker0|br-[0-9a-f]{12})';
const OURS = new RegExp(`(^-[AN] DOCKER)|-j DOCKER|-[io] ${BRIDGE}\\b|^-A POSTROUTING .*! -o ${BRIDGE} -j MASQUERADE`);

/** Deletes rules first, then the chains: a chain that is referred to stays. `forwarded`: the host forwarded before. */
export async function removeFirewall({ forwarded }) {
  const iptables = findProgram('iptables');
  if (!iptables || runningEngines().length > 0) return;
  for (const table of ['filter', 'nat']) {
    const { code, text } = await run(iptables, ['-w', '-t', table, '-S']);
    if (code !== 0) continue;
    const lines = text.split('\n').filter((line) => OURS.test(line));
    const rules = lines.filter((line) => line.startsWith('-A')).map((line) => line.slice(3).match(/"[^"]*"|\S+/g));
    const chains = lines.filter((line) => line.startsWith('-N')).map((line) => line.slice(3));
    for (const rule of rules)
      await run(iptables, ['-w', '-t', table, '-D', ...rule.map((word) => word.replace(/^"|"$/g, ''))]);
    for (const chain of chains) await run(iptables, ['-w', '-t', table, '-X', chain]);
  }
  if (forwarded) return;
  // dockerd switched forwarding on, and closed FORWARD because of it.
  await run(iptables, ['-w', '-P', 'FORWARD', 'ACCEPT']);
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '0');
}
