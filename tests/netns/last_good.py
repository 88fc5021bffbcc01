# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""A start with a broken file runs on what ran last, and says so; mending the file ends that.

    crowd ── [isp] ── wan0 [lb] lan0 ──┬── s1
                                       └── s2

Twins: forgotten, where nothing that ran is left, and intact, where the file is not broken.
"""

import json

from lab.shell import LabError
from testlib import crafted

TWINS = {"forgotten": "no start with a broken file", "intact": "ikelb_config_fallback"}
FAULT = "did you mean maglev?"


def run(case):
    farm = case.farm(client_count=0)
    balancer = case.make_balancer(farm)
    kept = balancer.folder / "last-good.yaml"
    servers = crafted.responders(farm)
    crowd = crafted.Crowd(farm.crowd(), crafted.addresses(4), farm.vip)

    balancer.start()
    follows(case, balancer, kept)
    balancer.stop()
    broken = break_file(balancer) if case.broken != "intact" else ""
    if case.broken == "forgotten":
        kept.unlink()
    start(case, balancer)
    told(case, balancer, "1")
    case.check(FAULT in balancer.log_tail(60), f"the log does not say {FAULT}")
    case.equal(balancer.config_file.read_text("utf-8"), broken, "the broken file")
    case.await_backends(balancer)
    case.check(not crowd.init(), "no answer with the last good configuration")

    balancer.hang_up()
    case.eventually(lambda: value(balancer, "ikelb_config_reload_failures_total") == "2", 10, "2")
    told(case, balancer, "1")
    balancer.kill()
    start(case, balancer)
    told(case, balancer, "1")

    balancer.config["pools"][0]["backends"][0]["weight"] = 3
    balancer.write_config()
    balancer.hang_up()
    case.eventually(lambda: value(balancer, "ikelb_config_fallback") == "0", 10, "it is mended")
    told(case, balancer, "0")
    case.equal(balancer.backends()["s1"]["weight"], 3, "weight in the mended file")
    is_kept(case, balancer, kept)
    balancer.stop()

    hides_nothing(case, farm, balancer)
    without_state(case, balancer, kept)
    crowd.close()
    for server in servers:
        server.close()


def start(case, balancer):
    try:
        balancer.start()
    except LabError as error:
        raise case.failed(f"no start with a broken file: {error}") from error


def break_file(balancer):
    text = balancer.config_file.read_text("utf-8").replace("scheduler: maglev", "scheduler: maglef")
    balancer.config_file.write_text(text, "utf-8")
    return text


def is_kept(case, balancer, kept):
    text = balancer.config_file.read_text("utf-8")
    case.eventually(
        lambda: kept.exists() and kept.read_text("utf-8").startswith(text), 10, "it is kept"
    )


def follows(case, balancer, kept):
    """What is kept is what runs: at READY, after a good reload, and still after a bad one."""
    is_kept(case, balancer, kept)
    case.equal(kept.stat().st_mode & 0o777, 0o600, "mode of what is kept")
    balancer.config["pools"][0]["backends"][0]["weight"] = 2
    balancer.write_config()
    balancer.control("reload")
    is_kept(case, balancer, kept)
    before = kept.read_text("utf-8")
    break_file(balancer)
    case.check(balancer.control("reload", check=False).returncode != 0, "a bad file is taken")
    told(case, balancer, "0")
    case.equal(kept.read_text("utf-8"), before, "what is kept after a bad reload")
    balancer.write_config()


def value(balancer, metric):
    lines = [line.split() for line in balancer.metrics().splitlines()]
    return next((line[1] for line in lines if line and line[0] == metric), "absent")


def told(case, balancer, expected):
    """By metric, ikelbctl and its JSON alike."""
    case.equal(value(balancer, "ikelb_config_fallback"), expected, "ikelb_config_fallback")
    is_fallback = expected == "1"
    if is_fallback:
        case.equal(value(balancer, "ikelb_config_last_reload_successful"), "0", "last reload")
    config = balancer.query("status")["config"]
    case.equal(config["fallback"] is not None, is_fallback, f"fallback in {json.dumps(config)}")
    said = balancer.control("status").stdout
    case.equal("THE LAST GOOD CONFIGURATION" in said, is_fallback, f"ikelbctl status: {said}")


def attempt(balancer, *options):
    """Exit status and errors of an ikelbd that must end by itself."""
    done = balancer.space.run(
        [
            *("env", f"STATE_DIRECTORY={balancer.folder}"),
            *(str(balancer.program), "--config", str(balancer.config_file), *options),
        ],
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr.splitlines()


def hides_nothing(case, farm, balancer):
    """Where the last good one fails too, the last line is the fault of the file."""
    break_file(balancer)
    code, errors = attempt(balancer, "--check")
    case.check(code == 2 and FAULT in errors[-1], f"--check: ended with {code}: {errors}")
    farm.lb.ip("address add 192.0.2.77/24 dev wan0")
    code, errors = attempt(balancer)
    case.equal(code, 1, "exit status where the last good configuration fails")
    case.check(FAULT in errors[-1], f"the last line hides the fault: {errors}")
    case.check(any("192.0.2.77" in line for line in errors), f"why it did not start: {errors}")
    farm.lb.ip("address del 192.0.2.77/24 dev wan0")


def without_state(case, balancer, kept):
    """`state: none` leaves nothing on the disk, and so nothing to fall back to."""
    balancer.config["state"] = "none"
    balancer.write_config()
    balancer.start()
    case.eventually(lambda: not kept.exists(), 10, "nothing is kept with state: none")
    balancer.stop()
    break_file(balancer)
    code, errors = attempt(balancer)
    case.check(code == 2 and FAULT in errors[-1], f"without a last good one: {code}: {errors}")
