# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The ikelb authors
"""What ikelb-bench consists of, a module for each part of its result."""
