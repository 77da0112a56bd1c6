"""`make demo`: a real application segmented on AWS, from Python to deployed security groups.

    python -m scripts.demo [--stack NAME] [--app COMMAND] [--verbose]

Everything happens in the folder .demo of the repository with a state of its own, against an AWS that lives in
the memory of a process started and stopped here. No account, no credentials, no state of yours is touched.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable

from scripts import provider
from scripts.moto_server import ENDPOINT_VARIABLE, ServerStartError, moto_server

REPOSITORY = provider.REPOSITORY
FOLDER = REPOSITORY / ".demo"
OUT = "cdktf.out"

# The two questions at the end: (source, destination, service, the answer the application's authors gave).
QUESTIONS = (
    ("frontend", "cartservice", "tcp/7070", "allowed"),
    ("frontend", "redis-cart", "tcp/6379", "denied"),
)
ANSWERS = {0: "allowed", 1: "denied", 3: "partly allowed"}


class DemoError(Exception):
    """A step failed; the text says which and why."""


class Steps:
    """Runs the steps in `.demo`, each under a heading, and keeps the whole output of each in a log there."""

    def __init__(self, stack: str, app: str, verbose: bool) -> None:
        self.stack = stack
        self.verbose = verbose
        self.number = 0
        self.environment = {
            **os.environ,
            **provider.quiet_environment(),
            "SEGKIT_STACKS": stack,
            "COLUMNS": str(shutil.get_terminal_size((113, 24)).columns - 3),  # room for the indent
            "PYTHONPATH": os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])),
        }
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir()
        project = json.loads((REPOSITORY / "cdktf.json").read_text(encoding="utf-8")) | {"app": app}
        (FOLDER / "cdktf.json").write_text(json.dumps(project, indent=2) + "\n", encoding="utf-8")

    def heading(self, text: str) -> None:
        self.number += 1
        print(f"\n{self.number}. {text}\n", flush=True)

    def cdktf(self, name: str, *arguments: str, shown: Callable[[str], str | None]) -> str:
        """Runs cdktf; `shown` picks what is printed of each line. Returns the whole output."""
        command = [str(REPOSITORY / "node_modules" / ".bin" / "cdktf"), *arguments]
        code, output = self._run(name, command, shown)
        if code != 0:
            raise DemoError(
                f"`cdktf {' '.join(arguments)}` failed (exit code {code}). What it said:\n\n{said(output)}"
            )
        return output

    def segkit(self, name: str, *arguments: str) -> int:
        """Runs the segkit command and prints all it says. Returns its exit code."""
        print(f"   $ segkit {shlex.join(arguments)}\n", flush=True)
        code, _output = self._run(name, [sys.executable, "-m", "segkit.cli", *arguments], lambda line: line)
        return code

    def _run(self, name: str, command: list[str], shown: Callable[[str], str | None]) -> tuple[int, str]:
        lines: list[str] = []
        with (FOLDER / f"{name}.log").open("w", encoding="utf-8") as log:
            # A session of its own, so that an interrupt ends the command and all that it started.
            process = subprocess.Popen(
                command,
                cwd=FOLDER,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
            try:
                assert process.stdout is not None
                for line in process.stdout:
                    log.write(line)
                    lines.append(line)
                    text = line.rstrip() if self.verbose else shown(line.rstrip())
                    if text is not None:
                        print(f"   {text}".rstrip(), flush=True)
                code = process.wait()
            except BaseException:
                _end(process)
                raise
        return code, "".join(lines)


def _end(process: subprocess.Popen[str]) -> None:
    """Ends a command and all that it started: cdktf leaves before the Terraform it runs does."""
    for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + 10
        try:
            os.killpg(process.pid, sent)
            while time.monotonic() < deadline:
                process.poll()
                os.killpg(process.pid, 0)
                time.sleep(0.1)
        except ProcessLookupError:
            return


def said(output: str) -> str:
    """The part of a failed command's output worth reading: the findings of a synth, else the end."""
    text = re.sub(r"\x1b\[[0-9;]*m|^[\u2800-\u28ff] .*", "", output, flags=re.MULTILINE).strip()
    _before, found, findings = text.partition("Validation failed with the following errors:")
    return (found + findings) if found else "\n".join(text.splitlines()[-40:])


def silent(_line: str) -> str | None:
    """Nothing of a step's output is printed; its log has it."""
    return None


def progress() -> Callable[[str], str | None]:
    """Prints how many resources are done, every 25th."""
    done = 0

    def shown(line: str) -> str | None:
        nonlocal done
        if "Creation complete" not in line:
            return None
        done += 1
        return f"{done} resources made" if done % 25 == 0 else None

    return shown


def planned(output: str) -> str:
    """What a plan does, counted by kind of resource.

    >>> print(planned("# aws_vpc.main will be created\\n # aws_subnet.a (a) will be created\\nPlan: 2"))
    1  aws_subnet
    1  aws_vpc
    Plan: 2
    """
    kinds = Counter(re.findall(r"# (?:\S+\.)?(\w+)\.[^.\s]+ .*?will be created", output))
    total = re.findall(r"Plan: .*", output)
    width = len(str(max(kinds.values(), default=0)))
    return "\n".join([*(f"{kinds[kind]:{width}}  {kind}" for kind in sorted(kinds)), *total[-1:]])


def demo(steps: Steps) -> None:
    """The steps in order. Raises DemoError at the first that fails."""
    stack = steps.stack
    steps.heading(f"Synth: the Python of stacks/{stack} becomes Terraform")
    began = time.monotonic()
    steps.cdktf("synth", "synth", shown=silent)
    print(f"   Written to .demo/{OUT}/stacks/{stack} in {time.monotonic() - began:.0f} s.")

    steps.heading("Proof: that Terraform is read back and compared with the intent")
    if (code := steps.segkit("verify", "verify", OUT)) != 0:
        raise DemoError(
            f"`segkit verify` ended with exit code {code}: the Terraform does not mean what was declared."
        )

    found = provider.find()
    if found is None:
        print(
            "\nThis is as far as it goes here: plan and deploy need the AWS provider for Terraform.\n"
            f"{provider.HOW_TO_GET_ONE}\nThen run `make demo` again."
        )
        return
    steps.environment |= found.environment(FOLDER)
    print(f"\n   The AWS provider comes from {found.found}.", flush=True)

    with moto_server() as url:
        steps.environment[ENDPOINT_VARIABLE] = url
        print(f"   An AWS in memory (moto) answers at {url} until this ends.", flush=True)

        steps.heading("Plan: what Terraform would make, with the real AWS provider")
        output = steps.cdktf("plan", "plan", stack, "--no-color", shown=silent)
        print(textwrap.indent(planned(output), "   "))

        steps.heading("Deploy: Terraform makes it")
        output = steps.cdktf("deploy", "deploy", stack, "--auto-approve", "--no-color", shown=progress())
        print("   " + (re.findall(r"Apply complete!.*", output) or ["Deployed."])[-1])

        steps.heading("Who may talk to whom, zone by zone")
        if (code := steps.segkit("matrix", "show", "matrix", "--out", OUT)) != 0:
            raise DemoError(f"`segkit show matrix` ended with exit code {code}.")

        for source, destination, service, expected in QUESTIONS:
            steps.heading(f"May {source} reach {destination} with {service}?")
            code = steps.segkit(f"check-{expected}", "check", source, destination, service, "--out", OUT)
            if ANSWERS.get(code) != expected:
                answer = ANSWERS.get(code, f"exit code {code}")
                raise DemoError(f"`segkit check` said {answer}; the answer should be {expected}.")


def clean() -> None:
    """Removes what belongs to the AWS that is gone; the Terraform and the logs stay for reading."""
    for leftover in [*FOLDER.glob("*.tfstate*"), *FOLDER.glob(".terraform*")]:
        leftover.unlink(missing_ok=True)
    for stack in FOLDER.glob(f"{OUT}/stacks/*"):
        shutil.rmtree(stack / ".terraform", ignore_errors=True)
        (stack / "plan").unlink(missing_ok=True)


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make demo", description="Segment a real application on AWS.")
    parser.add_argument("--stack", default="online_boutique", help="the stack to show")
    parser.add_argument(
        "--app", default=f"{shlex.quote(sys.executable)} -m stacks", help="the cdktf app that has it"
    )
    parser.add_argument("--verbose", action="store_true", help="print all that every step says")
    options = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    began = time.monotonic()
    try:
        demo(Steps(options.stack, options.app, options.verbose))
    except (DemoError, ServerStartError) as error:
        print(f"\nThe demo stopped. {error}\n\nThe logs are in .demo.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    finally:
        clean()
    print(
        f"\nDone in {time.monotonic() - began:.0f} s. The Terraform and the logs of every step are in .demo."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
