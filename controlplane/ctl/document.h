// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>

namespace ikelb::ctl {

/// docs/ikelbctl.md, whole: the help of every subcommand and the routes of the admin API.
std::string ikelbctl_document();

}  // namespace ikelb::ctl
