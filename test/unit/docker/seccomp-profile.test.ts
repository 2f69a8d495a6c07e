import { describe, expect, it } from '@jest/globals';
import { NAMESPACES_PROFILE } from '../../../controller/docker/seccomp-profile.js';

interface Rule {
  readonly names: readonly string[];
  readonly action: string;
  readonly args?: readonly object[];
}

const profile = JSON.parse(NAMESPACES_PROFILE) as {
  readonly defaultAction: string;
  readonly syscalls: readonly Rule[];
};
const allowed = new Set(profile.syscalls.filter(({ args }) => args === undefined).flatMap(({ names }) => names));

describe('the seccomp profile of a keeper with a sandbox', () => {
  it('permits what it names and nothing else', () => {
    expect(profile.defaultAction).toBe('SCMP_ACT_ERRNO');
    expect(new Set(profile.syscalls.map(({ action }) => action))).toEqual(new Set(['SCMP_ACT_ALLOW']));
    for (const name of allowed) expect(name).toMatch(/^[a-z0-9_]+$/);
  });

  it.each(['clone', 'unshare', 'mount', 'umount2', 'pivot_root', 'sethostname', 'execve', 'openat', 'flock'])(
    'permits %s',
    (name) => expect(allowed).toContain(name),
  );

  /** What the engine's own profile keeps from containers, too: modules, other kernels, keys, tracing, clocks. */
  it.each([
    ...['init_module', 'finit_module', 'delete_module', 'kexec_load', 'kexec_file_load', 'reboot', 'swapon'],
    ...['add_key', 'keyctl', 'request_key', 'bpf', 'perf_event_open', 'userfaultfd', 'io_uring_setup'],
    ...['open_by_handle_at', 'iopl', 'ioperm', 'settimeofday', 'clock_settime', 'acct', 'quotactl', 'syslog'],
    ...['fsopen', 'fsmount', 'move_mount', 'open_tree', 'mount_setattr', 'personality', 'socket'],
  ])('does not permit %s, or not with every argument', (name) => expect(allowed).not.toContain(name));
});
