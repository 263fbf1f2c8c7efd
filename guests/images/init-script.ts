// The first process of our images (/init) and its companions: busybox shell scripts that run inside the guest.
// Linux Documentation/filesystems/ramfs-rootfs-initramfs.rst says how the kernel gets there.
import { writeCpio } from './cpio.ts';

/** The shell's prompt is `cofferdam:<directory># `; it doubles as the sign that the guest is ready. */
export const HOST_NAME = 'cofferdam';

/**
 * A regular expression's source: matches the end of the console's output when the shell waits for a command. The
 * shell may ask the terminal for its width behind the prompt (ESC [6n).
 */
export const READY_PATTERN = `(?:^|[\\r\\n])${HOST_NAME}:[^\\r\\n]*# (?:\\x1b\\[6n)?$`;

/** Kernel command line parameter: base64 of a shell script, run in place of the shell; then the guest powers off. */
export const RUN_PARAMETER = 'cofferdam.run';

/** In the initramfs: a script that is run in place of the shell, for scripts too long for the command line. */
export const RUN_SCRIPT_PATH = 'etc/cofferdam/run';

/** Printed when the script has ended: `cofferdam: run exited <status>`. */
export const RUN_EXITED_TEXT = 'cofferdam: run exited';

/** Modules are found through the devices' aliases; modprobe serves what the kernel asks for later (file systems). */
const INIT = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=\${TERM:-linux}
mount -t devtmpfs -o mode=0755 dev /dev 2>/dev/null
[ -c /dev/console ] && exec </dev/console >/dev/console 2>&1
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts /dev/shm
mount -t devpts -o mode=0620,gid=5 devpts /dev/pts
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t tmpfs -o mode=0755 run /run
ln -sf /proc/self/fd /dev/fd
hostname ${HOST_NAME}
read -r line </proc/cmdline
for word in $line; do
  case $word in
    ${RUN_PARAMETER}=*) run=\${word#*=} ;;
    cofferdam.hostname=*) hostname "\${word#*=}" ;;
  esac
done
if [ -f /etc/modules.boot ]; then
  while read -r bus alias module; do
    for device in /sys/bus/$bus/devices/*/modalias; do
      [ -f "$device" ] && read -r have <"$device"
      case $have in $alias) modprobe -q "$module"; break ;; esac
    done
  done </etc/modules.boot
fi
ip link set lo up 2>/dev/null

finish() {
  trap '' USR1 USR2 TERM
  sync
  umount -a -r 2>/dev/null
  exec $1 -f
}
trap 'finish poweroff' USR2
trap 'finish halt' USR1
trap 'finish reboot' TERM

if [ -n "$run" ]; then
  mkdir -p /${RUN_SCRIPT_PATH.slice(0, RUN_SCRIPT_PATH.lastIndexOf('/'))}
  echo "$run" | base64 -d >/${RUN_SCRIPT_PATH}
fi
# In the background of this shell the signals of Ctrl-C and Ctrl-\\ would be ignored; a daemon starts without that.
start-stop-daemon -S -b -m -p /run/session.pid -x /bin/sh -- /etc/cofferdam/session
# Only while it waits does a shell act on a signal at once.
while :; do
  sleep 86400 &
  wait $!
done
`;

/** One session on the console: the script that was given, or a shell for people; then the guest powers off. */
const SESSION = `if [ -f /${RUN_SCRIPT_PATH} ]; then
  setsid cttyhack sh /${RUN_SCRIPT_PATH}
  echo "${RUN_EXITED_TEXT} $?" >/dev/console
else
  setsid cttyhack sh -l
fi
kill -USR2 1
`;

const PROFILE = `export PS1='${HOST_NAME}:\\w# '
cd
`;

/** Text files of the image: path → [mode, text]. */
export const INIT_FILES: ReadonlyMap<string, readonly [mode: number, text: string]> = new Map([
  ['init', [0o755, INIT]],
  ['etc/cofferdam/session', [0o644, SESSION]],
  ['etc/profile', [0o644, PROFILE]],
  // What mount tries, in this order, when it is given no type; the kernel loads the module on demand.
  ['etc/filesystems', [0o644, 'ext4\nvfat\nsquashfs\n']],
  ['etc/passwd', [0o644, 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n']],
  ['etc/group', [0o644, 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n']],
  ['etc/hostname', [0o644, `${HOST_NAME}\n`]],
  ['etc/hosts', [0o644, `127.0.0.1 localhost ${HOST_NAME}\n`]],
]);

/** The initramfs with a script that is run in place of the shell. */
export function appendRunScript(initramfs: Uint8Array, script: string): Buffer {
  return appendFiles(initramfs, new Map([[RUN_SCRIPT_PATH, Buffer.from(script)]]));
}

/** The initramfs with more files, executable: the kernel unpacks one archive after the other. */
export function appendFiles(initramfs: Uint8Array, files: ReadonlyMap<string, Uint8Array>): Buffer {
  const tree = new Map(
    [...files].map(([path, data]) => [path, { type: 'file', mode: 0o755, data } as const] as const),
  );
  return Buffer.concat([initramfs, Buffer.alloc(-initramfs.length & 3), writeCpio(tree)]);
}
