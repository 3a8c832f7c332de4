#!/bin/bash
# Trains on every host of a Cloud TPU VM slice.
#
#   TPU_NAME=my-slice ZONE=us-west4-a launch/cluster/tpu_vm.sh
#   TPU_NAME=my-slice ZONE=us-west4-a launch/cluster/tpu_vm.sh \
#       launch.bdh --preset=paper --mesh=data:8,model:4
#
# The first argument is the launcher, the rest its flags. WORKDIR must be in a
# bucket (gs://bucket/folder) or a folder that all hosts share. REPOSITORY is
# cloned on each host the first time. Exit code 75 is a save on SIGTERM, 69 or
# 134 a lost host; they start again here, from the newest complete checkpoint,
# at most RESTARTS times.

set -u
: "${TPU_NAME:?set TPU_NAME to the name of your slice}"
: "${ZONE:?set ZONE to its zone}"
: "${REPOSITORY:?set REPOSITORY to the address that git clones nmlib from}"
: "${WORKDIR:?set WORKDIR to gs://bucket/folder}"

launcher=${1:-launch.bdh}
shift || true
if [ $# -eq 0 ]; then
  set -- --preset=paper
fi

on_all_hosts() {
  gcloud compute tpus tpu-vm ssh "$TPU_NAME" --zone="$ZONE" --worker=all \
    --command="$1"
}

repository=$(printf '%q' "$REPOSITORY")
on_all_hosts "set -e
  [ -d nmlib ] || git clone $repository nmlib
  cd nmlib
  [ -d .venv ] || python3 -m venv .venv
  .venv/bin/pip install --quiet -e '.[launch,tpu,gcs]'" || exit 1

run="cd nmlib && .venv/bin/python -m$(printf ' %q' "$launcher" \
  --coordinator=auto "--workdir=$WORKDIR" "$@")"
for ((attempt = 0; attempt <= ${RESTARTS:-100}; attempt++)); do
  on_all_hosts "$run"
  code=$?
  case $code in
    69 | 75 | 134) echo "tpu_vm.sh: exit code $code; starting again." >&2 ;;
    *) break ;;
  esac
done
exit "$code"
