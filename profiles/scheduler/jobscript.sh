#!/bin/bash -l
# properties = {properties}
#
# What PBS runs on the node. It prepares the node, runs the job, and leaves a marker saying how
# the job ended, so that the status command hardly ever has to ask PBS.

cd "$PBS_O_WORKDIR" || exit 97
state=.snakemake/pbs
number="${{PBS_JOBID%%.*}}"
mkdir -p "$state/ended" "$state/locks"

finish() {{
    echo "$1" > "$state/ended/.$number" && mv "$state/ended/.$number" "$state/ended/$number"
    exit "$1"
}}

# The environment of whoever submitted comes along as PATH alone.
export PATH="$PBS_O_PATH:$PATH"
if ! command -v conda > /dev/null && command -v module > /dev/null; then
    module load conda 2> /dev/null
fi

# The node's own disk, which PBS empties at the job's end.
for folder in "${{LOCAL_SCRATCH:-/local_scratch}}/pbs.$PBS_JOBID" "$TMPDIR" /tmp; do
    if [ -d "$folder" ] && [ -w "$folder" ]; then
        export TMPDIR="$folder"
        break
    fi
done

# Never two at once on the same outputs, even if a submission was forgotten: wait for the other.
exec 9> "$state/locks/$STORMTRACE_JOB"
flock 9 || echo "no locks on this file system; going on without" >&2

# And never again: a submission that qsub did not answer may run after its successor has done the work.
recorded=$(sed -n 's/.*"job": "\([0-9]*\).*/\1/p' "$state/submitted/$STORMTRACE_JOB" 2> /dev/null)
if [ -n "$recorded" ] && [ "$recorded" != "$number" ] &&
    [ "$(cat "$state/ended/$recorded" 2> /dev/null)" = 0 ]; then
    echo "job $recorded has done this" >&2
    finish 0
fi

# At walltime and at qdel PBS sends SIGTERM to every process of the job: wait until they are
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
