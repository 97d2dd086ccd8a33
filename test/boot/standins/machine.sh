#!/bin/bash
# Makes a throw-away machine out of this one: its file system with a layer of its own
# on top, in namespaces of mounts, processes and network, and runs init in it.
# machine.sh DIRECTORY LOWER [SIZE]: DIRECTORY has upper, work and root; LOWER are the
# layers below, and SIZE gives /opt/apps a disk of its own of that many bytes.
set -euo pipefail
dir=$1 lower=$2 size=${3:-}

mount --make-rprivate /
mount -t overlay machine -o "lowerdir=$lower,upperdir=$dir/upper,workdir=$dir/work" "$dir/root"
if [[ ! -e $dir/root/.below ]]; then # the first time: without what a boot installs or enables
  rm -rf "$dir"/root/etc/systemd/system/* "$dir"/root/usr/bin/{node,npm,npx,aws,pm2,mysql} "$dir"/root/opt/apps
  mkdir "$dir/root/.below"
fi
mount --bind -o ro / "$dir/root/.below" # the programs that the machine has not "installed" yet
mount -t proc proc "$dir/root/proc"
mount --rbind /dev "$dir/root/dev"
mount -t tmpfs run "$dir/root/run"
if [[ -n $size ]]; then
  mkdir -p "$dir/root/opt/apps"
  mount -t tmpfs -o "size=$size" apps "$dir/root/opt/apps"
fi
ip link set lo up
ip address add 169.254.169.254/32 dev lo # where EC2's metadata service is

exec chroot "$dir/root" /.standins/init
