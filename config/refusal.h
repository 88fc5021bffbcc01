// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string_view>

namespace ikelb::config {

// Features that ikelb refuses, by the names under which people ask for them. The error gives the
// reason: a bare "unknown key" would make them look for the right name.

/// The reason why a key is refused, in any spelling (case, _ and - do not count); empty if not.
std::string_view refusal_of_key(std::string_view typed_key);

}  // namespace ikelb::config
