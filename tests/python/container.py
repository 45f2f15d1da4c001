"""Runs a container's script as SageMaker would, with the container's /opt/ml below a folder of this machine.

    python container.py FOLDER SCRIPT [ARGUMENT...]

The script's own defaults and what it opens name places below /opt/ml; they and the arguments are moved, nothing else about the script is changed.
"""

import argparse
import builtins
import os.path
import runpy
import sys

PLACE = "/opt/ml/"


def main():
    folder, script, *arguments = sys.argv[1:]
    add_argument = argparse.ArgumentParser.add_argument

    def moved(value):
        return folder + value if isinstance(value, str) and value.startswith(PLACE) else value

    def add_moved(self, *names, **options):
        if "default" in options:
            options["default"] = moved(options["default"])
        return add_argument(self, *names, **options)

    def moving(function):
        return lambda path, *arguments, **options: function(moved(path), *arguments, **options)

    argparse.ArgumentParser.add_argument = add_moved
    builtins.open = moving(builtins.open)
    os.path.isdir = moving(os.path.isdir)
    sys.argv = [script, *map(moved, arguments)]
    runpy.run_path(script, run_name="__main__")


main()
