#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The village's scenarios, and random schedules, by the model of the rules:

  run.py [--events N] [--seeds N]    each scenario must hold, none without the rule that it shows,
                                     and no schedule may fail
  run.py --without FIX ...           the same by rules that lack something (rules.py names them)
  run.py --names                     the scenarios
"""
import argparse
import re
import sys

import attacks
import events
from people import World
from rules import FIXES
from search import search

NAME = re.compile(r'[en]\d+_|(upload|download|idle|restart|crash)_')


def farm(name):
    if 'vip' in name:
        return dict(vips=2)
    return dict(backends=6) if 'full' in name or 'everywhere' in name else {}


SCENARIOS = [f for module in (events, attacks) for name, f in vars(module).items()
             if NAME.match(name) and f.__module__ == module.__name__]


def check(f, fixes):
    try:
        return bool(f(World(fixes=fixes, **farm(f.__name__))))
    except AssertionError as e:
        return 'setup failed: %s' % e


def idle_rules(without):
    """Rules that the scenario named beside them does without."""
    shown = {f.__name__: f for f in SCENARIOS}
    return [fix for fix, (_, name) in FIXES.items() if fix not in without
            and check(shown[name], set(FIXES) - {fix, *without}) is True]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--names', action='store_true')
    parser.add_argument('--events', type=int, default=12)
    parser.add_argument('--seeds', type=int, default=2)
    parser.add_argument('--without', nargs='*', choices=FIXES, default=[])
    options = parser.parse_args()
    if options.names:
        print(*(f.__name__ for f in SCENARIOS), sep='\n')
        return 0
    fixes = set(FIXES) - set(options.without)
    results = {f.__name__: check(f, fixes) for f in SCENARIOS}
    wrong = [name for name, result in results.items() if result is not True]
    for name in wrong:
        print('%-36s %s' % (name, results[name]))
    print('%d scenarios, %d fail' % (len(results), len(wrong)))
    idle = idle_rules(options.without)
    print('%d rules left out, each in turn; %s' % (
        len(FIXES) - len(options.without),
        'no scenario fails without ' + ', '.join(idle) if idle else 'a scenario fails each time'))
    failed = 0
    for attack in (None, 'keyless', 'valid'):
        bad, steps = search(range(options.seeds), options.events, fixes, attack)
        failed += len(bad)
        print('random %-8s %d of %d schedules fail, %d datagrams, seeds %s' % (
            attack or 'honest', len(bad), options.seeds, steps, [b[0] for b in bad][:12]))
    return 1 if wrong or idle or failed else 0


if __name__ == '__main__':
    sys.exit(main())
