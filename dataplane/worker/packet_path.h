// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

namespace ikelb::worker {

/// A hash of the machine code that every packet runs through: two programs with the same one have
/// been linked with the same packet path.
extern const char* const packet_path_id;

}  // namespace ikelb::worker
