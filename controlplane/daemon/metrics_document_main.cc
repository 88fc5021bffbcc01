// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
// Prints docs/metrics.md: metrics-document > docs/metrics.md
#include <cstdio>

#include "controlplane/daemon/metrics.h"

int main() {
    const std::string text = ikelb::daemon::metrics_document();
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
