// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include "config/config.h"
#include "config/document.h"
#include "config/finding.h"

namespace ikelb::config {

/// The values of a document by the rows of the structs (schema.h): form and range of each, known
/// and missing keys. Errors go to the findings, all of them, and leave the default in place.
Config read_config(const Node& root, FindingList& errors);

}  // namespace ikelb::config
