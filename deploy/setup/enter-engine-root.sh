#!/bin/sh
# Runs a command under another root: enter-engine-root.sh BUSYBOX PROGRAMS ROOT PATHS... -- COMMAND...
#
# BUSYBOX is a static busybox, PROGRAMS a folder of unpacked packages, ROOT an empty folder where the new root is put
# together. PATHS are folders of this machine that are seen at the same place under the new root. It must be called in a
# mount namespace of its own whose mounts are private: then nothing of this is seen outside, and all of it is gone when
# the last process in there has ended.
#
# A chroot would not do: `docker exec` joins a mount namespace and stands at its root, which would be the machine's.
set -eu

busybox=$1
programs=$2
root=$3
shift 3

mount -t tmpfs -o mode=755 engine-root "$root"
mkdir -p "$root/usr" "$root/run" "$root/tmp" "$root/var/lib" "$root/old-root"
mount --bind "$programs/usr" "$root/usr"
cp -R "$programs/etc" "$root/etc"
for file in resolv.conf hosts passwd group nsswitch.conf; do
  [ ! -e "/etc/$file" ] || cp -L "/etc/$file" "$root/etc/$file"
done
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$root/$folder"; done
ln -s ../run "$root/var/run"
mkdir "$root/proc" "$root/dev" "$root/sys"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
# A new one shows the interfaces of the network namespace; the machine's shows the machine's.
mount -t sysfs sysfs "$root/sys"
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
while [ "$1" != -- ]; do
  mkdir -p "$root$1"
  mount --bind "$1" "$root$1"
  shift
done
shift

cd "$root"
pivot_root . old-root
cd /
# Static, for the old root's libraries are not at their place any more.
"/old-root$busybox" umount -l /old-root
PATH=/usr/sbin:/usr/bin exec "$@"
