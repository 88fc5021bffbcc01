// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
// Prints docs/ikelbctl.md: ikelbctl-document > docs/ikelbctl.md
#include <cstdio>

#include "controlplane/ctl/command_line.h"

int main() {
    const std::string text = ikelb::ctl::ikelbctl_document();
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
