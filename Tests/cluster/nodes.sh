# Nodes as namespaces, with Slurm on them; sourced by inside.sh, in namespaces of its own with /run to itself.
#   hub      this process: controller, munge, bridge 10.98.0.1
#   n1 n2..  a network, host name, process and mount namespace each, 10.98.0.11 and so on, with a /tmp of its own

declare -A node_init=()
slurm=/run/slurm
export SLURM_CONF=$slurm/slurm.conf

# hub_up NODES: the bridge, the names of all nodes, munge.
hub_up() {
  ip link set lo up
  ip link add br0 type bridge
  ip addr add 10.98.0.1/24 dev br0
  ip link set br0 up
  hostname hub
  {
    echo "127.0.0.1 localhost"
    echo "10.98.0.1 hub"
    for number in $(seq "$1"); do echo "10.98.0.1$number n$number"; done
  } >/run/hosts
  mount --bind /run/hosts /etc/hosts
  mkdir -p -m 755 /run/munge
  (umask 077 && head -c 1024 /dev/urandom >/run/munge/key)
  munged --key-file=/run/munge/key --socket=/run/munge/munge.socket.2 --pid-file=/run/munge/pid \
    --log-file=/run/munge/log --seed-file=/run/munge/seed
}

# node_up NUMBER: its init reaps what is left to it, and takes all of it along when it is killed.
node_up() {
  local name=n$1 init
  unshare --net --uts --mount --propagation private --pid --fork --kill-child=KILL --mount-proc \
    bash -c "hostname $name; mount -t tmpfs tmpfs /tmp; while :; do sleep 1 & wait; done" \
    >"$slurm/log/$name.init" 2>&1 &
  # The child of unshare is the node's init.
  until init=$(pgrep -P $!) && [ -n "$init" ]; do sleep 0.02; done
  until [ "$(nsenter --target "$init" --uts hostname)" = "$name" ]; do sleep 0.02; done
  node_init[$name]=$init
  ip link add "v$1" type veth peer name eth0 netns "$init"
  ip link set "v$1" master br0 up
  on "$name" ip link set lo up
  on "$name" ip addr add "10.98.0.1$1/24" dev eth0
  on "$name" ip link set eth0 up
}

# on NODE COMMAND...
on() {
  local init=${node_init[$1]}
  shift
  nsenter --target "$init" --mount --net --uts --pid -- "$@"
}

# node_kill NODE: as if its power were cut; every process of it is gone at once.
node_kill() { kill -9 "${node_init[$1]}"; }

# slurm_up NODES
slurm_up() {
  cat >"$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=hub(10.98.0.1)
SlurmUser=root
AuthType=auth/munge
# A requeued job starts again when the old credentials have expired.
AuthInfo=socket=/run/munge/munge.socket.2,cred_expire=5
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool/%n
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd-%n.pid
SlurmctldLogFile=$slurm/log/slurmctld
SlurmdLogFile=$slurm/log/slurmd-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,sched_min_interval=0,batch_sched_delay=0
SlurmdTimeout=10
KillWait=2
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=n[1-$1] NodeAddr=10.98.0.1[1-$1] CPUs=1 RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
  slurmctld -f "$SLURM_CONF"
  local number
  for number in $(seq "$1"); do
    mkdir -p "$slurm/spool/n$number"
    on "n$number" slurmd -f "$SLURM_CONF" -N "n$number"
  done
  until [ "$(sinfo -h -o %t -N | grep -c '^idle$')" = "$1" ]; do sleep 0.1; done
}
