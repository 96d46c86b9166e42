"""Runs one command and measures it: wall seconds, CPU seconds of all its descendants, peak memory.

CPU is user + system time of the process and everything it started, from wait4; orphans are adopted
(PR_SET_CHILD_SUBREAPER) so that workers whose parent is gone count too. Peak PSS is the sum over the
process tree, sampled; peak RSS is the kernel's own high-water mark of the largest process, exact.
"""

import ctypes
import os
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass

PR_SET_CHILD_SUBREAPER = 36
SAMPLE_SECONDS = 0.1
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class CommandFailed(Exception):
    """A measured command ended with another status than 0."""


@dataclass
class Measurement:
    """What one run of a command took."""

    wall_s: float
    user_s: float
    sys_s: float
    peak_rss_mb: float
    peak_pss_mb: float
    load1: float
    stdout: str

    @property
    def cpu_s(self):
        return self.user_s + self.sys_s

    def row(self):
        """The figures as members of a result line."""
        return {
            "wall_s": round(self.wall_s, 3),
            "cpu_s": round(self.cpu_s, 3),
            "user_s": round(self.user_s, 3),
            "sys_s": round(self.sys_s, 3),
            "peak_rss_mb": round(self.peak_rss_mb, 1),
            "peak_pss_mb": round(self.peak_pss_mb, 1),
            "load1": round(self.load1, 2),
        }


def descendants(root):
    """Process ids of a process and everything below it."""
    found = [root]
    for pid in found:
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children") as file:
                    found += [int(child) for child in file.read().split()]
        except OSError:
            pass
    return found


def pss_kb(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def reap_orphans(limit_seconds=5.0):
    """Waits for adopted processes; returns their user and system seconds."""
    user = system = 0.0
    end = time.monotonic() + limit_seconds
    while time.monotonic() < end:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid == 0:
            time.sleep(0.02)
            continue
        user += usage.ru_utime
        system += usage.ru_stime
    return user, system


def run(command, stdin=None, stdout=None, env=None):
    """Runs a command to its end; `stdin` and `stdout` are paths.

    Standard output is returned as text where `stdout` is not given. Raises CommandFailed with the
    end of standard error where the status is not 0.
    """
    peak_kb = 0
    done = threading.Event()
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as captured:
        source = open(stdin, "rb") if stdin else subprocess.DEVNULL
        sink = open(stdout, "wb") if stdout else captured
        load = os.getloadavg()[0]
        start = time.monotonic()
        process = subprocess.Popen(
            command, stdin=source, stdout=sink, stderr=errors,
            env={**os.environ, **(env or {})})

        def sample():
            nonlocal peak_kb
            while not done.wait(SAMPLE_SECONDS):
                peak_kb = max(peak_kb, sum(map(pss_kb, descendants(process.pid))))

        sampler = threading.Thread(target=sample, daemon=True)
        sampler.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        done.set()
        sampler.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        user, system = reap_orphans()
        for file, path in ((source, stdin), (sink, stdout)):
            if path:
                file.close()
        if process.returncode != 0:
            errors.seek(0)
            tail = errors.read()[-2000:].decode("utf-8", "replace")
            raise CommandFailed(f"{command[0]}: status {process.returncode}: {tail}")
        captured.seek(0)
        text = captured.read().decode("utf-8", "replace")
    return Measurement(
        wall, usage.ru_utime + user, usage.ru_stime + system, usage.ru_maxrss / 1024,
        peak_kb / 1024, load, text)
