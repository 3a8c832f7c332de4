#!/bin/bash
# Trains on several GPU nodes of a SLURM cluster, one process a GPU.
#
#   sbatch launch/cluster/slurm.sh                        # launch.bdh, paper
#   sbatch --nodes=4 launch/cluster/slurm.sh launch.bdh --mesh=data:8,model:4
#
# The first argument is the launcher, the rest its flags. Submit from the
# repository, in whose .venv nmlib is installed: pip install -e '.[launch,gpu]'.
# A minute before the time limit SLURM sends SIGTERM: the run saves and exits
# with code 75, and the job queues itself again. So it does when a process or a
# node is lost (code 69, or 134 where JAX aborts the others), at most RESTARTS
# times. --workdir must be on a file system all nodes share.
#
#SBATCH --job-name=nmlib
#SBATCH --nodes=2
#SBATCH --gpus-per-node=8
#SBATCH --ntasks-per-node=8
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --signal=TERM@60
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=nmlib-%j.log

set -u
cd "${SLURM_SUBMIT_DIR:?submit this file with sbatch}" || exit 2
if [ -f .venv/bin/activate ]; then
  # shellcheck source=/dev/null
  . .venv/bin/activate
fi

launcher=${1:-launch.bdh}
shift || true
if [ $# -eq 0 ]; then
  set -- --preset=paper
fi

# --coordinator=auto finds the processes from SLURM's own variables. JAX ends the
# others when one is lost; a kill by srun would hide the code of an error.
srun --kill-on-bad-exit=0 python -m "$launcher" --coordinator=auto \
  --workdir="${NMLIB_WORKDIR:-runs/$launcher-$SLURM_JOB_ID}" "$@"
code=$?

case $code in
  69 | 75 | 134 | 137)
    if [ "${SLURM_RESTART_COUNT:-0}" -ge "${RESTARTS:-100}" ]; then
      echo "slurm.sh: code $code after ${RESTARTS:-100} restarts." >&2
      exit "$code"
    fi
    echo "slurm.sh: the run stopped with code $code; queueing it again." >&2
    scontrol requeue "$SLURM_JOB_ID"
    ;;
esac
exit "$code"
