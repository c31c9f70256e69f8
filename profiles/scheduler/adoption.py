"""Submit a job and record it, once for the same outputs.

If an earlier Snakemake that was killed has submitted the same job and it is still alive, its id
is the answer: a job is adopted, never doubled.
"""

import os
from typing import List

import request
import submission
from jobs import locked, say
from shared import SharedJobs

interrupted: List[int] = []
"""Not empty once Ctrl-C was pressed: no job is wanted any more."""


def job_for(jobs: SharedJobs, jobscript: str) -> str:
    """Return the id of a living job that does what `jobscript` says, submitting it if need be.

    One at a time for the same outputs: of two Snakemakes, the second adopts what the first submits.
    """
    scheduler = jobs.scheduler
    properties = request.properties_of(jobscript)
    identity, content = request.identity(properties), request.content(properties)
    arguments = scheduler.arguments(properties, identity, os.environ)
    with locked(os.path.join(jobs.state, "locks", f"{identity}.submission")):
        earlier = jobs.submitted(identity)
        if earlier and jobs.status(earlier["job"]) == "running":
            title = f"{scheduler.TITLE} job {earlier['job']}"
            if earlier["content"] == content:
                say(f"adopted {title}, which is alive")
                return str(earlier["job"])
            say(f"{title} makes the same files from other inputs: deleted")
            jobs.delete([earlier["job"]])
        folder = request.log_folder(scheduler.NAME, request.rule_of(properties))
        os.makedirs(folder, exist_ok=True)
        if jobs.shares(properties):
            job = jobs.add(jobscript, properties)
        else:
            job = submission.submit(scheduler, [*arguments, jobscript], identity)
        try:
            jobs.forget(job)
            jobs.remember(identity, job, content, properties)
        except OSError as error:
            title = f"{scheduler.TITLE} job {job}"
            say(f"{title} runs, but a Snakemake started anew will not know: {error}")
        if interrupted:
            jobs.delete([job, *jobs.carriers()])
    return job
