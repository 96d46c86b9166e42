#!/usr/bin/env python3
"""Runs a command and writes its peak memory in kB: peak.py FILE COMMAND..."""
import resource
import subprocess
import sys

status = subprocess.run(sys.argv[2:], check=False).returncode
with open(sys.argv[1], "w", encoding="ascii") as file:
    file.write(f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}\n")
sys.exit(status)
