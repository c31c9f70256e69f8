#!/bin/bash -l
# properties = {properties}
#
# What PBS or Slurm runs on the node. It prepares the node, runs the job, and leaves a marker saying
# how the job ended, so that the status command hardly ever has to ask the scheduler.

# The environment of whoever submitted may come along as PATH alone.
if [ -n "$SLURM_JOB_ID" ]; then
    state=.snakemake/slurm number="$SLURM_JOB_ID" folder="$SLURM_SUBMIT_DIR"
    PATH="$STORMTRACE_PATH:$PATH" disk="$SLURM_TMPDIR"
else
    state=.snakemake/pbs number="${{PBS_JOBID%%.*}}" folder="$PBS_O_WORKDIR"
    PATH="$PBS_O_PATH:$PATH" disk="${{LOCAL_SCRATCH:-/local_scratch}}/pbs.$PBS_JOBID"
fi
export PATH
number="${{STORMTRACE_PART:-$number}}"    # a part of a shared job
cd "$folder" || exit 97
mkdir -p "$state/ended" "$state/locks"

finish() {{
    echo "$1" > "$state/ended/.$number" && mv "$state/ended/.$number" "$state/ended/$number"
    exit "$1"
}}

if ! command -v conda > /dev/null && command -v module > /dev/null; then
    module load conda 2> /dev/null
fi

# The node's own disk, which the scheduler empties at the job's end.
for folder in "$disk" "$TMPDIR" /tmp; do
    if [ -d "$folder" ] && [ -w "$folder" ]; then
        export TMPDIR="$folder"
        break
    fi
done

# Never two at once on the same outputs, even if a submission was forgotten: wait for the other.
exec 9> "$state/locks/$STORMTRACE_JOB"
flock 9 || echo "no locks on this file system; going on without" >&2

# And never again: a submission that was not answered may run after its successor has done the work.
recorded=$(sed -n 's/.*"job": "\([^".]*\).*/\1/p' "$state/submitted/$STORMTRACE_JOB" 2> /dev/null)
if [ -n "$recorded" ] && [ "$recorded" != "$number" ] &&
    [ "$(cat "$state/ended/$recorded" 2> /dev/null)" = 0 ]; then
    echo "job $recorded has done this" >&2
    finish 0
fi

# At walltime and when it is deleted every process of the job gets SIGTERM: wait until they are
# gone (training saves its state), and only then say that the job has ended.
stopped=
trap 'stopped=yes' TERM
( trap : TERM; {exec_job} ) &
child=$!
wait "$child"
code=$?
while [ -n "$stopped" ]; do
    stopped=
    wait "$child"
    code=$?
done
finish "$code"
