# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What can't start says why in one line with what to type, changes nothing, and ends.

    wan0 [lb] lan0     absent device, missing huge pages, no permission, busy VIP device,
                       a second ikelbd, a broken file, an unknown option

What can start takes questions at any moment until it is ready, and gets ready all the same.

Twin good: nothing is wrong with the configuration, and it does start.
"""

import copy
import os
import socket
import subprocess
import threading

from lab.shell import LabError
from lab.shell import run as shell

TWINS = {"good": "absent device: ended with 0"}


def attempt(case, balancer, config, *, prefix=()):
    """Exit status and last error line of an ikelbd that must end by itself."""
    original, balancer.config = balancer.config, config
    balancer.write_config()
    try:
        done = balancer.space.run(
            [*prefix, str(balancer.program), "--config", str(balancer.config_file)],
            check=False,
            timeout=60,
        )
    finally:
        balancer.config = original
        balancer.write_config()
    lines = [line for line in done.stderr.splitlines() if "error:" in line]
    return done.returncode, lines[-1] if lines else done.stderr


def expect(case, what, found, status, *words):
    code, line = found
    case.check(code == status, f"{what}: ended with {code}: {line}")
    for word in words:
        case.check(word in line, f"{what}: the last line does not say {word!r}: {line}")


def run(case):
    farm = case.farm(client_count=0)
    balancer = case.make_balancer(farm)
    good = balancer.config
    # The kernel notices the other end of a new cable a moment later.
    case.eventually(lambda: "NO-CARRIER" not in state(balancer), 10, "the lab's cables are up")
    before = state(balancer)

    absent = copy.deepcopy(good)
    absent["ports"][0]["device"] = "net_af_xdp0,iface=wan9"
    if case.broken == "good":
        balancer.start()
        balancer.stop()
        expect(case, "absent device", (0, ""), 1)
    expect(case, "absent device", attempt(case, balancer, absent), 1, "wan9", "`ip link`")

    pci = copy.deepcopy(good)
    pci["ports"][0]["device"] = "0000:7f:1f.7"
    expect(case, "absent PCI", attempt(case, balancer, pci), 1, "0000:7f:1f.7", "dpdk-devbind.py")

    huge = copy.deepcopy(good)
    huge["dpdk"] = {"huge_pages": "on"}
    if int(open("/proc/sys/vm/nr_hugepages", encoding="ascii").read()) == 0:
        expect(case, "huge pages", attempt(case, balancer, huge), 1, "nr_hugepages")

    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    os.chmod(balancer.folder, 0o777)
    readable(balancer)
    code, line = attempt(case, balancer, good, prefix=nobody)
    case.check(code == 1 and "CAP_NET" in line, f"no permission: ended with {code}: {line}")

    farm.lb.ip("address add 192.0.2.77/24 dev wan0")
    expect(case, "address below", attempt(case, balancer, good), 1, "wan0", "192.0.2.77")
    farm.lb.ip("address del 192.0.2.77/24 dev wan0")

    typo = copy.deepcopy(good)
    typo["services"][0]["scheduller"] = typo["services"][0].pop("scheduler")
    code, line = attempt(case, balancer, typo)
    case.check(code == 2 and "did you mean scheduler?" in line, f"typo: ended with {code}: {line}")

    usage = subprocess.run(
        [str(balancer.program), "--confg", "x"], capture_output=True, text=True, check=False
    )
    case.equal(usage.returncode, 2, "exit status of an unknown option")
    version = shell([str(balancer.program), "--version"])
    case.check("march" in version.stdout, f"--version does not say -march: {version.stdout}")
    case.equal(state(balancer), before, "network devices after all failures")

    start_while_asked(case, balancer)
    code, line = attempt(case, balancer, good)
    case.check(code == 1, f"a second ikelbd: ended with {code}: {line}")
    case.check(balancer.is_running(), "the first ikelbd ended because of a second")
    balancer.control("status")


def start_while_asked(case, balancer):
    """READY=1 comes although the admin socket is asked without a pause from before the start on."""
    is_over, answers, threads = threading.Event(), [], []

    def ask(question):
        while not is_over.is_set():
            if question():
                answers.append(question)

    def command(*words):
        return lambda: balancer.control(*words, check=False).returncode == 0

    for question in (
        command("status"),
        command("flows"),
        lambda: is_answered(balancer, "/v1/status"),
        lambda: is_answered(balancer, "/v1/flows"),
    ):
        threads.append(threading.Thread(target=ask, args=(question,), daemon=True))
        threads[-1].start()
    failure = ""
    try:
        balancer.start()
    except LabError as error:
        failure = str(error)
    is_over.set()
    for thread in threads:
        thread.join()
    case.check(not failure, f"asked while it started: {failure}")
    case.check(balancer.is_running(), f"asked while it started: ended\n{balancer.log_tail()}")
    case.note(f"{len(answers)} answers before READY")


def is_answered(balancer, path):
    """One request with nothing between: quicker than a process for each. Errors are answers too."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.settimeout(5)
        try:
            one.connect(balancer.config["admin"]["socket"])
            one.sendall(f"GET {path} HTTP/1.0\r\nHost: ikelb\r\n\r\n".encode())
            return one.recv(4096).startswith(b"HTTP/1.")
        except OSError:
            # No socket yet: asked again shortly, without taking the CPU from who starts.
            threading.Event().wait(0.001)
            return False


def readable(balancer):
    """So that an ordinary user gets as far as the permissions that matter."""
    for folder in balancer.config_file.parents:
        if str(folder).startswith("/run/ikelb-lab"):
            os.chmod(folder, 0o755 if folder != balancer.folder else 0o777)
    os.chmod(balancer.config_file, 0o644)


def state(balancer):
    """Devices of the namespace, without counters that move by themselves."""
    return shell(["ip", "-n", balancer.space.name, "-br", "link", "show"]).stdout
