"""qsub, qstat, qdel and qrls: each takes the server's folder and its arguments, and returns its code."""

import argparse
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from store import HOST, complain, job_file, next_number, read_job, write_json

USAGE = "usage: qsub [-a date_time] [-A account_string] [-c interval]"


def qsub(folder: Path, words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="qsub", add_help=False)  # -h means hold
    for flag in "NAqjkomrvW":
        parser.add_argument(f"-{flag}", default="")
    parser.add_argument("-l", action="append", default=[])
    parser.add_argument("-h", action="store_true", dest="hold")
    parser.add_argument("--version", action="version", version="pbs_version = 23.06.06")
    parser.add_argument("script")
    asked = parser.parse_args(words)

    if len(asked.N) > 236:
        return complain(2, "qsub: Job name is too long ")
    if any(character in asked.N for character in "=, \t"):
        return complain(2, "qsub: illegal -N value\n" + USAGE)
    if not asked.o.isascii():
        return complain(2, "qsub: illegal -o value\n" + USAGE)
    wanted = dict(item.split("=", 1) for item in asked.l)
    for resource in wanted.keys() - {"select", "walltime", "place"}:
        trouble = 'qsub: "-lresource=" cannot be used with "select" or "place"'
        return complain(5, f"{trouble}, resource is: {resource}")
    if asked.q not in ("casper", "htc", f"casper@{HOST}"):
        return complain(170, "qsub: Unknown queue")
    script = Path(asked.script)
    if not script.is_file():
        return complain(1, "qsub: script file:: No such file or directory")

    number = next_number(folder)
    shutil.copy(script, folder / "scripts" / f"{number}.SC")
    variables = {
        "PBS_O_HOME": str(folder / "home"),
        "PBS_O_PATH": os.environ["PATH"],
        "PBS_O_WORKDIR": str(Path.cwd()),
        "PBS_O_QUEUE": asked.q,
        "PBS_O_HOST": HOST,
    } | dict(item.split("=", 1) for item in asked.v.split(",") if item)
    attributes = dict(item.split("=", 1) for item in asked.W.split(",") if item)
    output = Path.cwd() / asked.o
    chunk = dict(item.split("=", 1) for item in wanted["select"].split(":")[1:])
    job = {
        "Job_Name": asked.N or script.name,
        "Job_Owner": f"hpcuser@{HOST}",
        "job_state": "H" if asked.hold else "Q",
        "queue": "htc",
        "server": HOST,
        "Account_Name": asked.A,
        "ctime": time.ctime(),
        "Join_Path": asked.j or "n",
        "Keep_Files": asked.k or "n",
        "Output_Path": f"{HOST}:{output}",
        "Rerunable": "False" if asked.r == "n" else "True",
        "Resource_List": {**chunk, "select": wanted["select"], "walltime": wanted["walltime"]},
        "substate": 10,
        "Variable_List": variables,
        "_process": {
            "environment": {
                "HOME": str(folder / "home"),
                "USER": "hpcuser",
                "PATH": "/usr/bin:/bin",
                "LANG": "C.UTF-8",
                "PBS_JOBNAME": asked.N or script.name,
                "PBS_ENVIRONMENT": "PBS_BATCH",
                **variables,
            },
            "numbered": {"PBS_JOBID": f"%j.{HOST}"},
            "folder": str(folder / "home"),
            "log": str((output if output.is_dir() else folder / "tmp") / f"%j.{HOST}.OU"),
            "at_walltime": "=>> PBS: job killed: walltime 61 exceeded limit 60",
            "umask": int(attributes.get("umask", "077"), base=8),
        },
        "Submit_arguments": " ".join(words),
        "Submit_Host": HOST,
    }
    write_json(job_file(folder, str(number)), job)
    print(f"{number}.{HOST}")
    return 0


def qdel(folder: Path, jobs: list[str]) -> int:
    """Delete the jobs that are there and have not ended; complain of the others."""
    code = 0
    for name in jobs:
        job = read_job(folder, name)
        if job is None:
            code = complain(153, f"qdel: Unknown Job Id {name}")
        elif job["job_state"] == "F":
            code = complain(35, f"qdel: Job has finished {name}")
        else:
            (folder / "deletions" / name.partition(".")[0]).touch()
    return code


def qrls(folder: Path, jobs: list[str]) -> int:
    """Release held jobs."""
    for name in jobs:
        (folder / "releases" / name.partition(".")[0]).touch()
    return 0


def qstat(folder: Path, words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="qstat")
    for flag in "xft":
        parser.add_argument(f"-{flag}", action="store_true")
    parser.add_argument("-F", default="text")
    parser.add_argument("-D", default="|")
    parser.add_argument("jobs", nargs="*")
    asked, more = parser.parse_known_args(words)
    names = asked.jobs + more or sorted(path.stem for path in (folder / "jobs").glob("*.json"))
    found: dict[str, dict] = {}
    code = 0
    for name in names:
        job = read_job(folder, name)
        number = name.partition(".")[0]
        if job is None:
            code = complain(153, f"qstat: Unknown Job Id {number}.{HOST}")
        elif job["job_state"] == "F" and not asked.x:
            if asked.jobs:
                hint = "Job has finished, use -x or -H to obtain historical job information"
                code = complain(35, f"qstat: {number}.{HOST} {hint}")
        else:
            found[f"{number}.{HOST}"] = job
    show(found, asked)
    return code


def show(jobs: dict[str, dict], asked: argparse.Namespace) -> None:
    if asked.F == "json":
        head = {"timestamp": int(time.time()), "pbs_version": "23.06.06", "pbs_server": HOST}
        # Of several jobs asked for by name, the genuine qstat shows the first.
        kept = dict(list(jobs.items())[:1]) if asked.jobs else jobs
        print(json.dumps(head | ({"Jobs": kept} if kept else {}), indent="\t"))
    elif asked.F == "dsv":
        for name, job in jobs.items():
            print(asked.D.join([f"Job Id: {name}", *(f"{k}={v}" for k, v in flat(job))]))
    elif asked.f:
        for name, job in jobs.items():
            print(f"Job Id: {name}")
            for key, value in flat(job):
                print(wrapped(f"{key} = {value}"))
            print()
    elif jobs:
        print("Job id            Name             User              Time Use S Queue")
        print("----------------  ---------------- ----------------  -------- - -----")
        for name, job in jobs.items():
            columns = f"{name:17} {job['Job_Name'][:16]:16} {'hpcuser':16} {0:>8}"
            print(f"{columns} {job['job_state']} {job['queue']}")


def flat(job: dict) -> Iterator[tuple[str, str]]:
    for key, value in job.items():
        if key.startswith("_"):
            continue  # the server's own notes
        if key == "Variable_List":
            yield key, ",".join(f"{name}={text}" for name, text in value.items())
        elif isinstance(value, dict):
            yield from ((f"{key}.{name}", str(text)) for name, text in value.items())
        else:
            yield key, str(value)


def wrapped(line: str) -> str:
    """Break a line as qstat does: 79 columns, going on after a tab, in the middle of words."""
    first, rest = line[:75], line[75:]
    pieces = [rest[start : start + 71] for start in range(0, len(rest), 71)]
    return "\n\t".join([f"    {first}", *pieces])
