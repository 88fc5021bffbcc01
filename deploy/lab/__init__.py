# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""The ikelb lab: real IKEv2 peers in network namespaces around one ikelb.

The package only builds, watches and removes; what is claimed about ikelb is decided by those who
use it: `deploy/quickstart` and `tests/netns`.
"""
