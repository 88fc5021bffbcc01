#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""ikelb-bench: its JSON has the keys that other programs rely on, and its measurements measure.

Numbers are not judged: this runs beside other tests, on any machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "deploy")]

from benchlib import common, core, dpdk, ground, idle, peers, report, veth  # noqa: E402
from lab.session import Lab  # noqa: E402
from lab.shell import wait_until  # noqa: E402

PROGRAM = HERE / "ikelb-bench"
QUICK = common.Plan(is_quick=True)
ask = core.ask


def bench(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(PROGRAM), *arguments], capture_output=True, text=True, timeout=100, check=False
    )


class Numbers(unittest.TestCase):
    def test_spread_is_the_range_by_the_median(self):
        self.assertEqual(common.middle([3.0, 1.0, 2.0]), 2.0)
        self.assertEqual(common.spread([3.0, 1.0, 2.0]), 1.0)
        self.assertEqual(common.spread([0.0]), 0.0)

    def test_added_latency_is_that_of_the_path_less_the_cables_in_each_round(self):
        def one(p50):
            return {"pps": 1000.0, "one_way_p50_us": p50, "one_way_p99_us": p50 + 1,
                    "one_way_p999_us": p50 + 2}  # fmt: skip

        found = veth.combined("x", [one(5.0), one(9.0), one(7.0)], [one(1.0), one(2.0), one(4.0)])
        self.assertEqual(found["path"], "x")
        self.assertEqual(found["p50_us"], 4.0)
        self.assertEqual(found["one_way_p50_us"], 7.0)
        self.assertEqual(found["pps_spread"], 0.0)

    def test_loss_and_cpu_time_count_what_arrived(self):
        load = ground.Load(sent=2_000_000, received=1_000_000, seconds=2.0, cpu_seconds=3.0)
        self.assertEqual(load.loss, 0.5)
        self.assertEqual(veth.per_million(load), 3.0)


class Tables(unittest.TestCase):
    def test_a_peers_quiet_rounds_count_and_all_if_hardly_one_was(self):
        series = peers.Series("testpmd_io", "pcap", 4096, lambda: 0.0)
        series.values, series.paces = [10.0, 12.0, 90.0], [100.0, 110.0, 150.0]
        result = series.result(best=100.0)
        self.assertEqual(result["cycles_per_packet"], 11.0)
        self.assertEqual(result["runs"], 2)
        self.assertAlmostEqual(result["disturbed"], 1 / 3, places=3)
        self.assertEqual(series.result(best=90.0)["cycles_per_packet"], 12.0)

    def test_random_lines_have_a_row_for_each_size(self):
        text = report.text({"lines": [
            {"mebibytes": 1024, "pages": "2M", "two_random_lines": 187.0, "two_on_one_page": 116.0},
        ]})  # fmt: skip
        self.assertRegex(text, r"1,024\s+2M\s+187\.0\s+116\.0")

    def test_a_variant_stands_beside_its_reference_and_the_mean_of_all_pieces(self):
        variant = {"direction": "to_server", "family": 4, "flows": 1024, "burst": 32, "frame": 64,
                   "stream": "esp", "headers": "warm", "pages": "2M", "cycles_per_packet": 60.0,
                   "unfiltered": 75.0, "of_reference": 1.5, "spread": 0.1}  # fmt: skip
        text = report.text({"pipeline": [variant], "unfiltered": [{"cycles_per_packet": 75.0}]})
        self.assertRegex(text, r"60\.0 +75\.0 +1\.50 x +10\.0%")
        self.assertNotIn("unfiltered", text)

    def test_a_peer_stands_beside_the_quotient_of_ikelbs_cost_and_its(self):
        text = report.text({"peers": [
            {"name": "ikelb", "flows": 4096, "source": "pcap", "cycles_per_packet": 90.0,
             "spread": 0.1},
            {"name": "l3fwd_em", "flows": 4096, "source": "pcap", "cycles_per_packet": 100.0,
             "spread": 0.1},
            {"name": "testpmd_rxonly", "flows": 4096, "source": "pcap", "cycles_per_packet": 50.0,
             "spread": 0.1},
            {"name": "testpmd_io", "flows": 4096, "source": "pcap", "cycles_per_packet": None,
             "missing": "run `apt-get install x`"},
        ]})  # fmt: skip
        self.assertRegex(text, r"l3fwd_em +100\.0 +10\.0% +50\.0 +0\.90 x, without source 0\.80 x")
        self.assertIn("run `apt-get install x`", text)


class Missing(unittest.TestCase):
    def test_a_program_that_is_not_there_is_named_with_its_package(self):
        with self.assertRaisesRegex(common.Missing, "apt-get install some-package"):
            common.installed("no-such-program", "some-package")

    def test_l3fwd_is_not_left_out_silently(self):
        with tempfile.TemporaryDirectory() as folder:
            with mock.patch.object(dpdk, "EXAMPLES", Path(folder)):
                one = peers.Peers(QUICK, Path(folder), False)
                self.assertEqual(one.of_l3fwd(), [])
        self.assertEqual(one.missing[0]["name"], "l3fwd_em")
        self.assertIn("apt-get install dpdk-doc", one.missing[0]["missing"])

    def test_an_unknown_part_is_refused(self):
        done = bench("--only", "nonsense")
        self.assertEqual(done.returncode, 2)
        self.assertIn("idle", done.stderr)


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class Measured(unittest.TestCase):
    def test_json_of_environment_and_idle(self):
        done = bench("--json", "--quick", "--only", "environment", "--only", "idle")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual(set(found), {"environment", "idle"})
        for key in ("cpu", "cpus", "kernel", "dpdk", "ikelbd"):
            self.assertTrue(found["environment"][key], key)
        shares = found["idle"]
        self.assertGreater(shares["core_share"], 0)
        # An awake worker takes a CPU: less of one where others want it too.
        self.assertGreater(shares["poll"]["core_share"], 3 * shares["sleep"]["core_share"])
        for mode in ("sleep", "poll"):
            for at in ("_at_1kpps", "_at_20kpps"):
                self.assertGreater(shares[mode]["p50_us" + at], 0)
                self.assertGreaterEqual(shares[mode]["p999_us" + at], shares[mode]["p50_us" + at])

    def test_json_of_the_packet_path_beside_its_reference(self):
        words = ("--flows", "1024", "--runs", "1", "--packets", "8192")
        with mock.patch.object(core, "ask", lambda part, plan: ask(part, plan, *words)):
            found = core.pipeline(QUICK)
        self.assertEqual(set(found), {"pipeline", "reference", "unfiltered"})
        (reference,) = found["reference"]
        self.assertEqual((reference["name"], reference["flows"]), ("rte_hash_bulk", 1024))
        cases = {(one["family"], one["direction"]) for one in found["pipeline"]}
        self.assertEqual(cases, {(f, d) for f in (4, 6) for d in ("to_server", "to_client")})
        for one in found["pipeline"]:
            ratio = one["cycles_per_packet"] / reference["cycles_per_packet"]
            self.assertAlmostEqual(one["of_reference"], ratio)
        self.assertEqual(len(found["unfiltered"]), 5)
        for one in [*found["pipeline"], reference, *found["unfiltered"]]:
            self.assertGreater(one["cycles_per_packet"], 0)

    def test_json_of_what_strangers_and_quiet_servers_send(self):
        few = ("--flows", "4096", "--runs", "1")
        with mock.patch.object(core, "ask", lambda part, plan: ask(part, plan, *few)):
            found = {**core.flood(QUICK), **core.replies(QUICK)}
        self.assertEqual(set(found), {"flood", "refused_init", "quiet_replies"})
        for ratio in ("alone", "one_to_one", "ten_to_one"):
            self.assertGreater(found["flood"][ratio], 0)
            self.assertGreater(found["flood"]["unfiltered"][ratio], 0)
        for one in [found["refused_init"], *found["quiet_replies"]]:
            self.assertGreater(one["cycles_per_packet"], 0)
            self.assertGreater(one["unfiltered"], 0)
        self.assertEqual([one["quiet_seconds"] for one in found["quiet_replies"]], [0, 6, 600])

    @unittest.skipUnless(shutil.which("valgrind"), "needs valgrind")
    def test_json_of_instructions(self):
        done = bench("--json", "--quick", "--only", "instructions")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)["instructions"]
        self.assertEqual(set(found["per_packet"]), set(found["on_file"]))
        self.assertGreater(min(found["per_packet"].values()), 0)

    def test_the_same_packets_through_testpmd_and_ikelb(self):
        with tempfile.TemporaryDirectory() as folder:
            one = peers.Peers(QUICK, Path(folder), False)
            one.write_capture()
            self.assertEqual(sum(1 for _ in peers.packets_of(one.capture)), peers.PACKETS)
            series = {each.name: each for each in one.on_capture()[:3]}
            self.assertEqual(set(series), {"ikelb", "testpmd_rxonly", "testpmd_io"})
            for each in series.values():
                one.take(each)
            result = series["ikelb"].result(one.best)
        for key in ("name", "flows", "cycles_per_packet", "spread", "source"):
            self.assertIn(key, result)
        self.assertGreater(result["cycles_per_packet"], 0)
        self.assertGreater(series["testpmd_io"].values[0], 0)

    def test_ikelb_on_veth_carries_logged_in_clients(self):
        with Lab() as lab:
            path = ground.AfXdp(lab)
            path.start()
            try:
                path.log_in()
                load = veth.load(path, seconds=0.3, rate=2000)
            finally:
                path.stop()
        self.assertGreater(load.sent, 0)
        self.assertGreater(load.received, 0)
        self.assertLessEqual(load.received, load.sent)

    def test_idle_counts_all_threads(self):
        shares = idle.Shares(os.getpid())
        # The kernel brings a running thread's time up to date at ticks.
        wait_until(lambda: shares.result()["core_share"] > 0, 20, "CPU time", interval=0)
        self.assertEqual(shares.result()["worker_share"], 0)  # no thread of that name here


if __name__ == "__main__":
    unittest.main(verbosity=2)
