// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "config/config.h"
#include "config/document.h"
#include "config/finding.h"

namespace ikelb::config {

/// Reads the values of a document by the structs' rows (schema.h): form and range of each, known
/// and missing keys. Reports all errors; a value with an error keeps its default.
Config read_config(const Node& root, FindingList& errors);

}  // namespace ikelb::config
