#!/bin/sh
# Stands in for a container engine, of which it does what can go wrong for the worker: runs a command as
# user 65532 without any capability, in a file system of which only DATA and /tmp can be written to,
# with no network but its own loopback, and with no variable of the environment but those given.
#   unshare --mount --net sh contained.sh DATA TREE…  -- NAME=VALUE… COMMAND…
# Wants root. Each TREE is seen, read-only, where it is outside.
set -eu
data=$1
shift
ip link set lo up
root=$(mktemp -d -p "$(dirname "$data")")
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$root"
see() {
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    mount -o remount,bind,ro "$root$1"
}
mkdir -p "$root/proc" "$root/dev" "$root/tmp" "$root/data"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$root/tmp"
for tree in /usr /etc; do see "$tree"; done
for link in /bin /lib /lib64; do
    if [ -L "$link" ]; then cp -P "$link" "$root$link"; elif [ -d "$link" ]; then see "$link"; fi
done
while [ "$1" != -- ]; do
    see "$1"
    shift
done
shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$data" "$root/data"
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs \
    --bounding-set=-all env -i --chdir=/data "$@"
