"""A real SLURM for tests: one machine, two stand-in GPUs, all daemons on the loopback address.

    python tests/slurm/sandbox.py start FOLDER    # prints what to export
    python tests/slurm/sandbox.py stop FOLDER

Needs root and Debian's packages. Nothing is written outside the folder, and only processes that
were started from here are ended.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

PACKAGES = ("slurm-wlm", "munge")
INSTALL_S = 300
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "scontrol")
# More than there are, so that jobs do not wait for each other.
N_CPUS, MEMORY_MB = 8, 64000
SLURM_CONF = """\
ClusterName=sandbox
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
# A requeued job waits until its old credential has expired.
AuthInfo=socket={folder}/munge.socket,cred_expire=5
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmdParameters=config_overrides
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_min_interval=100000
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
# Jobs can be asked about to the end of the tests.
MinJobAge=7200
# A job that is out of time and does not end is killed soon.
KillWait=3
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={n_cpus} RealMemory={memory_mb} Gres=gpu:fake:2
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={host} MaxTime=02:00:00 State=UP
"""


def why_not() -> str | None:
    """Why no SLURM can be started here; None if one can. Installs Debian's packages."""
    if os.geteuid() != 0:
        return "SLURM's daemons need root"
    if all(shutil.which(program) for program in PROGRAMS):
        return None
    if shutil.which("apt-get") is None:
        return "SLURM is not installed, and there is no apt-get"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *PACKAGES]
    for command in (install, ["apt-get", "update", "--quiet"], install):
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=INSTALL_S
            )
        except subprocess.TimeoutExpired:
            return f"apt-get did not install SLURM within {INSTALL_S} s"
        if done.returncode == 0 and command is install:
            return None
    return f"apt-get cannot install SLURM: {' '.join(done.stderr.split())[-200:]}"


class Sandbox:
    """The daemons of one SLURM, and questions to it."""

    def __init__(self, folder: Path):
        self.folder = Path(folder).resolve()

    @property
    def environment(self) -> dict[str, str]:
        """What clients need to find it."""
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        return {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": path}

    def start(self) -> None:
        for name in ("state", "spool", "bin"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._write_configuration()
        self._start_munge()
        for daemon in ("slurmctld", "slurmd"):
            subprocess.run([daemon, "-f", self.folder / "slurm.conf"], check=True)
        self._wait_for(lambda: "idle" in self.ask("sinfo", "-h", "-o", "%T"), "a node")

    def _write_configuration(self) -> None:
        values = {
            "host": socket.gethostname().split(".")[0],
            "folder": self.folder,
            "controller_port": free_port(),
            "node_port": free_port(),
            "n_cpus": N_CPUS,
            "memory_mb": MEMORY_MB,
        }
        (self.folder / "slurm.conf").write_text(SLURM_CONF.format(**values))
        # The executor (its part slurm-jobstep 0.6.1) calls srun without SLURM_CONF.
        srun = self.folder / "bin/srun"
        real = shutil.which("srun")
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {real} "$@"\n')
        srun.chmod(0o755)
        # Files stand in for devices: SLURM counts what a File= names, and hands out its number.
        for number in (0, 1):
            device = self.folder / f"gpu{number}"
            if not device.exists():
                os.mknod(device, 0o666 | 0o020000, os.makedev(1, 3))
        (self.folder / "gres.conf").write_text(f"Name=gpu Type=fake File={self.folder}/gpu[0-1]\n")

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        self.folder.chmod(0o755)
        files = {"socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        options = [f"--{flag}={self.folder}/munge.{name}" for flag, name in files.items()]
        subprocess.run(["munged", "--force", f"--key-file={key}", *options], check=True)

    def stop(self) -> None:
        """End all jobs, then the daemons, by the numbers that they wrote down."""
        if self.pid("slurmctld"):
            self.ask("scancel", "--state=RUNNING", check=False)
            self.ask("scancel", "--state=PENDING", check=False)
            self._wait_for(lambda: not self.ask("squeue", "-h"), "the end of all jobs", 60)
        for daemon in ("slurmd", "slurmctld", "munge"):
            pid = self.pid(daemon)
            if pid:
                os.kill(pid, signal.SIGTERM)
                self._wait_for(lambda pid=pid: not is_alive(pid), f"the end of {daemon}")

    def pid(self, daemon: str) -> int | None:
        """The number of a daemon's process, if it lives."""
        try:
            pid = int((self.folder / f"{daemon}.pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if is_alive(pid) else None

    def ask(self, *command: str, check: bool = True) -> str:
        done = subprocess.run(
            command, env={**os.environ, **self.environment}, capture_output=True, text=True
        )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}{self._end_of_logs()}")
        return done.stdout.strip()

    def _end_of_logs(self) -> str:
        logs = [self.folder / f"{name}.log" for name in ("slurmctld", "slurmd", "munge")]
        return "".join(f"\n{log.name}: {log.read_text()[-1500:]}" for log in logs if log.exists())

    def _wait_for(self, condition, what: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                if condition():
                    return
            except RuntimeError:
                pass  # the daemons are starting
            if time.monotonic() > deadline:
                raise RuntimeError(f"SLURM gave no {what} in {seconds} s{self._end_of_logs()}")
            time.sleep(0.2)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> None:
    action, folder = sys.argv[1:]
    sandbox = Sandbox(Path(folder))
    if action == "stop":
        sandbox.stop()
        return
    reason = why_not()
    if reason:
        sys.exit(reason)
    sandbox.start()
    for name, value in sandbox.environment.items():
        print(f"export {name}={value}")


if __name__ == "__main__":
    main()
