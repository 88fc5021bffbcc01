// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string_view>

namespace ikelb::config {

// What ikelb does not do, by the names under which people will ask for it. Such a key is
// refused with the reason, where a bare "unknown key" would only make them look for the right one.

/// Why a key is refused, however it is spelt (case, _ and - do not count); empty if it is not.
std::string_view refusal_of_key(std::string_view typed_key);

}  // namespace ikelb::config
